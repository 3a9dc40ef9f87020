-- Writes the entries of a rank where all of them are new, as when a ledger is first loaded: a plain insert costs half as
-- much as an upsert. False: nothing was written, because some are stored, or another writer stored one just now.
--
-- The lines come in their own order, since sorting them costs a third of the insert. A writer that stores several of
-- them at the same moment, in another order, makes a deadlock; the one of both that is thrown out writes again in order.
create function insert_entries_2(
    kinds text[], tenant_id text, company_id text, source_id text, instant timestamptz
) returns boolean
language plpgsql volatile
as $$
#variable_conflict use_column
begin
    if exists (select from staged_work where step in ('state', 'close') and kind = any (kinds))
        or exists (
            select from staged_taken as t
            where not exists (
                select from staged_work as w where w.step = 'add' and w.kind = t.kind and w.number = t.number))
    then
        return false;
    end if;
    with written as (
        insert into paper (
            tenant, company, kind, number, customer, present, version, source, content, links, taken, posted_by,
            stated_at, linked_at, outcome)
        select tenant_id, company_id, kind, number, customer, true, version, source_id, content, links,
            coalesce(taken, '{}'), coalesce(posted_by, 0), instant,
            case when links is not null then clock_timestamp() end, 'created'
        from (
            select w.*, t.taken, t.posted_by,
                -- Few have links, and the question costs less than the function.
                case when w.content ?| '{follows,allocations,document}' then links_of(w.kind, w.content) end as links
            from staged_work as w
            left join staged_taken as t on t.kind = w.kind and t.number = w.number
            where w.step = 'add' and w.kind = any (kinds)
            offset 0 -- else the function is called for each use of what it returns
        ) as item
        returning kind, number, customer, outcome, line, links
    )
    insert into staged_applied (kind, number, customer, status, new_line, new_links)
    select kind, number, customer, outcome, line, links from written;
    return true;
exception when unique_violation or deadlock_detected then
    return false;
end
$$
