-- Writes the entries of a rank, and what others take of papers of that rank, over whatever is stored.
create function upsert_entries_1(
    kinds text[], tenant_id text, company_id text, source_id text, instant timestamptz
) returns void
language plpgsql volatile
as $$
#variable_conflict use_column
declare
    last_taken constant timestamptz := (
        select max(w.taken_at) from snapshot w
        where w.tenant = tenant_id and w.company = company_id and w.source = source_id);
begin
    with item as (
        select coalesce(w.kind, t.kind) as kind, coalesce(w.number, t.number) as number,
            coalesce(w.step, 'link') as step, w.customer, w.version, w.content,
            links_of(w.kind, w.content) as links, coalesce(t.taken, '{}') as taken,
            coalesce(t.posted_by, 0) as posted_by
        from (
            select * from staged_work where step in ('add', 'state', 'close') and kind = any (kinds)
        ) as w
        full join staged_taken as t on t.kind = w.kind and t.number = w.number
        order by 1, 2
    ), written as (
        insert into paper as p (
            tenant, company, kind, number, customer, present, version, source, content, links, taken, posted_by,
            stated_at, linked_at, outcome)
        select tenant_id, company_id, kind, number, customer, step in ('add', 'state'), version,
            case when step <> 'link' then source_id end, content, links, taken, posted_by,
            case when step <> 'link' then instant end,
            case when links is not null then clock_timestamp() end,
            case step when 'link' then 'linked' when 'close' then 'kept' else 'created' end
        from item
        on conflict (tenant, company, kind, number) do update set (
            customer, present, version, source, content, links, taken, posted_by, stated_at, linked_at, outcome,
            previous_line, previous_links
        ) = (
            select
                case when o.accepted then coalesce(excluded.customer, p.customer) else p.customer end,
                case when o.accepted then excluded.present else p.present end,
                case when o.accepted then greatest(p.version, excluded.version) else p.version end,
                case when o.accepted then excluded.source else p.source end,
                case when o.accepted then excluded.content else p.content end,
                case when o.accepted then excluded.links else p.links end,
                add_taken(p.taken, excluded.taken),
                p.posted_by + excluded.posted_by,
                case when o.accepted then excluded.stated_at else p.stated_at end,
                case when o.accepted and p.links is distinct from excluded.links
                    then clock_timestamp() else p.linked_at end,
                o.status, p.line, p.links
            from (
                select s.status, s.status in ('created', 'changed', 'unchanged', 'closed') as accepted
                from (select case when excluded.stated_at is null then 'linked' else snapshot_outcome(
                    not excluded.present, instant, last_taken, excluded.version, p.version, p.present,
                    p.stated_at,
                    excluded.content = p.content and excluded.customer is not distinct from p.customer,
                    excluded.source is not distinct from p.source) end as status
                ) as s
            ) as o
        )
        returning kind, number, customer, outcome, line, previous_line, links, previous_links
    )
    insert into staged_applied select * from written;
end
$$
