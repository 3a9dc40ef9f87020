-- Writes what compare_snapshot_2() found, as write_papers_1() would and in its order of locks: papers by rank and key,
-- then parties, account versions, buckets, the feed. Whether an entry may be written is decided again from the row
-- as it is once locked. Lines that conflict are left in staged_conflict.
create function write_snapshot_3(company_id text, source_id text, kinds text[], instant timestamptz)
returns table (added bigint, changed bigint, closed bigint, unchanged bigint, stale bigint)
language plpgsql volatile
set enable_nestloop = off
set work_mem = '64MB'
as $$
#variable_conflict use_column
declare
    tenant_id constant text := current_setting('app.tenant');
    this_rank integer;
    worked_kinds text[];
    these_kinds text[];
begin
    create temporary table staged_taken (
        kind text collate "C", number text collate "C", taken jsonb, posted_by integer
    ) on commit drop;
    create temporary table staged_applied (
        kind text collate "C", number text collate "C", customer text collate "C", status text collate "C",
        new_line paper_line, old_line paper_line, new_links jsonb, old_links jsonb
    ) on commit drop;
    create temporary table staged_link (
        kind text collate "C", number text collate "C", currency text collate "C", amount numeric, posts integer
    ) on commit drop;

    worked_kinds := array(select distinct kind from staged_work where step <> 'stale');
    -- Payments take from items, items from invoices; nothing in a ledger takes from its own rank or a lower one.
    for this_rank in 0..kind_rank('invoice') loop
        truncate staged_taken;
        insert into staged_taken
        select kind, number, coalesce(jsonb_object_agg(currency, amount::text) filter (where amount <> 0), '{}'),
            sum(posts)::integer
        from (
            select kind, number, currency, sum(amount) as amount, coalesce(sum(posts), 0) as posts
            from staged_link where kind_rank(kind) = this_rank
            group by kind, number, currency
        ) as summed
        group by kind, number
        having bool_or(amount <> 0 or posts <> 0);

        these_kinds := array(select k from unnest(worked_kinds) as k where kind_rank(k) = this_rank);
        continue when these_kinds = '{}' and not exists (select from staged_taken);
        if not insert_entries_2(these_kinds, tenant_id, company_id, source_id, instant) then
            perform upsert_entries_1(these_kinds, tenant_id, company_id, source_id, instant);
        end if;

        insert into staged_link
        select l.link ->> 'kind', l.link ->> 'number', l.link ->> 'currency',
            l.sign * (l.link ->> 'amount')::numeric, l.sign * (l.link ->> 'posts')::integer
        from staged_applied as a
        cross join lateral (
            select link, 1 as sign from jsonb_array_elements(a.new_links) as link
            union all
            select link, -1 from jsonb_array_elements(a.old_links) as link
        ) as l
        where kind_rank(a.kind) = this_rank and a.new_links is distinct from a.old_links;
    end loop;

    create temporary table staged_conflict on commit drop as
    select w.line from staged_applied as a join staged_work as w on w.kind = a.kind and w.number = a.number
    where a.status = 'conflict';

    perform apply_snapshot_exposure_2(tenant_id, company_id);
    perform touch_feeds_1(tenant_id, array[company_id], array[source_id]);
    insert into snapshot (tenant, company, source, kind, taken_at)
    select tenant_id, company_id, source_id, k, instant from unnest(kinds) as k
    on conflict on constraint pk_snapshot do update set taken_at = excluded.taken_at;

    return query
    select a.created, a.changed, a.closed,
        s.papers - w.stated - w.stale + a.unchanged, w.stale + a.stale
    from (
        select count(*) filter (where status = 'created') as created,
            count(*) filter (where status = 'changed') as changed,
            count(*) filter (where status = 'closed') as closed,
            count(*) filter (where status = 'unchanged') as unchanged,
            count(*) filter (where status = 'stale') as stale
        from staged_applied
    ) as a, (
        select count(*) filter (where step in ('add', 'state')) as stated, count(*) filter (where step = 'stale') as stale
        from staged_work
    ) as w, (
        select count(*) as papers from staged_paper where content is not null
    ) as s;
end
$$
