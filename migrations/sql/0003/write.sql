-- Writes what compare_snapshot_1() found, as write_papers_1() would and in its order of locks: papers by rank and key,
-- then parties, account versions, buckets, the feed. Whether an entry may be written is decided again from the row
-- as it is once locked. Lines that conflict are left in staged_conflict.
create function write_snapshot_1(company_id text, source_id text, kinds text[], instant timestamptz)
returns table (added bigint, changed bigint, closed bigint, unchanged bigint, stale bigint)
language plpgsql volatile
set enable_nestloop = off
set work_mem = '64MB'
as $$
#variable_conflict use_column
declare
    tenant_id constant text := current_setting('app.tenant');
    last_taken constant timestamptz := (
        select max(w.taken_at) from snapshot w
        where w.tenant = tenant_id and w.company = company_id and w.source = source_id);
    this_rank integer;
begin
    create temporary table staged_applied (
        kind text collate "C", number text collate "C", customer text collate "C", status text collate "C",
        new_line paper_line, old_line paper_line, new_links jsonb, old_links jsonb
    ) on commit drop;
    create temporary table staged_link (
        kind text collate "C", number text collate "C", currency text collate "C", amount numeric, posts integer
    ) on commit drop;

    -- Payments take from items, items from invoices; nothing in a ledger takes from its own rank or a lower one.
    for this_rank in 0..kind_rank('invoice') loop
        with item as (
            select coalesce(w.kind, l.kind) as kind, coalesce(w.number, l.number) as number,
                coalesce(w.step, 'link') as step, w.customer, w.version, w.content,
                coalesce(l.taken, '{}') as taken, coalesce(l.posted_by, 0) as posted_by
            from (
                select * from staged_work where step in ('state', 'close') and kind_rank(kind) = this_rank
            ) as w
            full join (
                select kind, number, sum(posts)::integer as posted_by,
                    coalesce(jsonb_object_agg(currency, amount::text) filter (where amount <> 0), '{}') as taken
                from (
                    select kind, number, currency, sum(amount) as amount, coalesce(sum(posts), 0) as posts
                    from staged_link where kind_rank(kind) = this_rank
                    group by kind, number, currency
                ) as summed
                group by kind, number
                having bool_or(amount <> 0 or posts <> 0)
            ) as l on l.kind = w.kind and l.number = w.number
        ), written as (
            insert into paper as p (
                tenant, company, kind, number, customer, present, version, source, content, links, taken, posted_by,
                stated_at, linked_at, outcome)
            select tenant_id, company_id, kind, number, customer, step = 'state', version,
                case when step <> 'link' then source_id end, content, links, taken, posted_by,
                case when step <> 'link' then instant end,
                case when links is not null then clock_timestamp() end,
                case step when 'link' then 'linked' when 'state' then 'created' else 'kept' end
            from (select *, links_of(kind, content) as links from item order by kind, number) as item
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
            returning p.*
        )
        insert into staged_applied
        select kind, number, customer, outcome, line, previous_line, links, previous_links from written;

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

    perform apply_snapshot_exposure_1(tenant_id, company_id);
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
        select count(*) filter (where step = 'state') as stated, count(*) filter (where step = 'stale') as stale
        from staged_work
    ) as w, (
        select count(*) as papers from staged_paper where content is not null
    ) as s;
end
$$
