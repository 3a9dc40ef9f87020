-- Compares the entries in the temporary table staged_paper (without content: a line that was rejected) with those
-- stored, in one pass and without locking anything, and leaves in staged_work what has to be written: step `add` (it is
-- not stored), `state`, `close`, or `stale` (nothing to write). What is not there is unchanged. closes: entries of this source and these
-- kinds that the snapshot does not name are closed.
create function compare_snapshot_2(
    company_id text, source_id text, kinds text[], instant timestamptz, closes boolean
) returns void
language plpgsql volatile
set enable_nestloop = off -- with statistics gone stale it would not end
set work_mem = '64MB'
as $$
declare
    tenant_id constant text := current_setting('app.tenant');
begin
    create temporary table staged_work (
        line integer, kind text collate "C", number text collate "C", customer text collate "C", version bigint,
        content jsonb, step text collate "C"
    ) on commit drop;

    insert into staged_work
    select line, kind, number, customer, version, case when step in ('add', 'state') then content end, step
    from (
        select s.line, coalesce(s.kind, p.kind) as kind, coalesce(s.number, p.number) as number,
            s.customer, s.version, s.content,
            case
                when s.line is null then
                    case when closes and snapshot_outcome(
                        true, instant, w.taken_at, null, p.version, p.present, p.stated_at, true,
                        p.source = source_id
                    ) = 'closed' then 'close' end
                when s.content is null then null
                when p.number is null then 'add'
                -- An entry that another source's later snapshot named is stated by it, changed or not.
                else case snapshot_outcome(
                    false, instant, null, s.version, p.version, p.present, greatest(p.stated_at, w.taken_at),
                    p.content = s.content and p.customer = s.customer, p.source = source_id)
                    when 'stale' then 'stale'
                    when 'unchanged' then case when s.version is distinct from p.version and s.version is not null
                        then 'state' end
                    else 'state'
                end
            end as step
        from (
            select * from paper where tenant = tenant_id and company = company_id and kind = any (kinds)
        ) as p
        full join staged_paper as s on s.kind = p.kind and s.number = p.number
        left join snapshot as w
            on w.tenant = tenant_id and w.company = company_id and w.source = p.source and w.kind = p.kind
    ) as compared
    where step is not null;

    analyze staged_work;
end
$$
