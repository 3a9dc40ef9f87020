-- The write path. Statements of papers come in; papers, what they take from each other, exposure buckets, account
-- versions, customers and feed watermarks follow in the same transaction.
--
-- Locks are taken in one order everywhere, so that writers wait for each other and never in a circle: papers by (rank
-- of the kind, company, kind, number), then companies, customers, account versions, buckets (guarded by their account's
-- version) and feeds, each by key. A paper takes from papers of a higher rank; the few that take from an equal or lower
-- one (a return following its delivery) are applied last, and there a deadlock is possible: callers retry.

create function kind_rank(kind text) returns integer
language sql immutable parallel safe
return case kind
    when 'payment' then 0
    when 'open_item' then 1
    when 'invoice' then 3
    when 'delivery' then 4
    when 'order' then 5
    when 'quotation' then 6
    else 2 -- bill, advance, balance, other: nothing takes from them
end;

-- What a statement does to the stored row. Versions: lower is stale; equal is unchanged, or a conflict where the
-- content differs; none always applies. A deletion leaves a tombstone that keeps its version, and only a newer
-- statement revives it.
create function statement_outcome(
    stated boolean, deleted boolean, new_version bigint, old_version bigint, old_present boolean, same boolean
) returns text
language sql immutable parallel safe
return case
    when not stated then 'linked'
    when new_version < old_version then 'stale'
    when deleted then case
        when old_present or (old_version is null and new_version is not null) then 'deleted'
        when new_version is null then 'absent'
        else 'unchanged'
    end
    when new_version = old_version and not old_present then 'stale'
    when not old_present then 'created'
    when same then 'unchanged'
    when new_version = old_version then 'conflict'
    else 'changed'
end;

-- One row to write: a statement (stated), what others take of the paper (taken, posted_by), or both.
create type paper_work as (
    line integer,
    company text collate "C",
    kind text collate "C",
    number text collate "C",
    stated boolean,
    deleted boolean,
    customer text collate "C",
    version bigint,
    source text collate "C",
    content jsonb,
    taken jsonb,
    posted_by integer
);

create type paper_applied as (
    line integer,
    company text collate "C",
    kind text collate "C",
    number text collate "C",
    customer text collate "C",
    bill_to text collate "C",
    source text collate "C",
    status text collate "C",
    new_line paper_line,
    old_line paper_line,
    new_links jsonb,
    old_links jsonb
);

-- One amount, or one posting, that another paper takes of (company, kind, number). Late: see the lock order above.
create type paper_link as (
    company text collate "C",
    kind text collate "C",
    number text collate "C",
    late boolean,
    currency text collate "C",
    amount numeric,
    posts integer
);

-- Writes rows of one rank; a paper occurs at most once. All that follows from a row is taken from what the upsert
-- itself returns, because rows read before it was locked may be old.
create function apply_papers_1(tenant_id text, work paper_work[]) returns setof paper_applied
language plpgsql volatile
as $$
#variable_conflict use_column
begin
    return query
    with item as (
        select w.*, coalesce(w.stated and not (w.deleted and w.version is null and not exists (
            select from paper p
            where p.tenant = tenant_id and p.company = w.company and p.kind = w.kind and p.number = w.number
        )), false) as states
        from unnest(work) as w
    ), written as (
        insert into paper as p (
            tenant, company, kind, number, customer, present, version, source, content, links, taken, posted_by,
            stated_at, linked_at, outcome)
        select tenant_id, company, kind, number,
            customer, states and not deleted, version, case when states then source end, content,
            links_of(kind, content),
            coalesce(taken, '{}'), coalesce(posted_by, 0),
            case when states then clock_timestamp() end,
            case when links_of(kind, content) is not null then clock_timestamp() end,
            case when not states then 'linked' when deleted then 'deleted' else 'created' end
        from item
        where states or taken is not null or posted_by is not null
        order by company, kind, number
        on conflict (tenant, company, kind, number) do update set (
            customer, present, version, source, content, links, taken, posted_by, stated_at, linked_at, outcome,
            previous_line, previous_links
        ) = (
            select
                case when o.accepted then coalesce(excluded.customer, p.customer) else p.customer end,
                case when o.accepted then excluded.present else p.present end,
                case when o.accepted then greatest(p.version, excluded.version) else p.version end,
                case when o.accepted then coalesce(excluded.source, p.source) else p.source end,
                case when o.accepted then excluded.content else p.content end,
                case when o.accepted then excluded.links else p.links end,
                add_taken(p.taken, excluded.taken),
                p.posted_by + excluded.posted_by,
                case when o.accepted then excluded.stated_at else p.stated_at end,
                case when o.accepted and p.links is distinct from excluded.links
                    then clock_timestamp() else p.linked_at end,
                o.status, p.line, p.links
            from (
                select s.status, s.status in ('created', 'changed', 'unchanged', 'deleted') as accepted
                from (select statement_outcome(
                    excluded.stated_at is not null, not excluded.present, excluded.version, p.version, p.present,
                    excluded.content = p.content and excluded.customer is not distinct from p.customer
                        and excluded.source is not distinct from p.source) as status
                ) as s
            ) as o
        )
        returning p.*
    )
    select i.line, p.company, p.kind, p.number, p.customer, p.content ->> 'bill_to', p.source,
        case when i.stated and p.outcome = 'linked' then 'absent' else p.outcome end,
        p.line, p.previous_line, p.links, p.previous_links
    from written as p
    join item as i using (company, kind, number);
end
$$;

-- The change of what others' papers give up, from the change of links.
create function link_changes(applied paper_applied[]) returns setof paper_link
language sql immutable
as $$
select a.company, l.link ->> 'kind', l.link ->> 'number', kind_rank(l.link ->> 'kind') <= kind_rank(a.kind),
    l.link ->> 'currency', l.sign * (l.link ->> 'amount')::numeric, l.sign * (l.link ->> 'posts')::integer
from unnest(applied) as a
cross join lateral (
    select link, 1 as sign from jsonb_array_elements(a.new_links) as link
    union all
    select link, -1 from jsonb_array_elements(a.old_links) as link
) as l
where a.new_links is distinct from a.old_links
$$;

-- Links added up per paper they take from, as rows to write.
create function linked_work(links paper_link[]) returns setof paper_work
language sql immutable
as $$
select null::integer, company, kind, number, false, false, null, null::bigint, null, null::jsonb,
    coalesce(jsonb_object_agg(currency, amount::text) filter (where amount <> 0), '{}'), sum(posts)::integer
from (
    select company, kind, number, currency, sum(amount) as amount, coalesce(sum(posts), 0) as posts
    from unnest(links)
    group by company, kind, number, currency
) as summed
group by company, kind, number
having bool_or(amount <> 0 or posts <> 0)
$$;

-- Statements and links of one rank, merged to one row per paper.
create function merged_work(statements paper_work[], links paper_link[]) returns paper_work[]
language plpgsql immutable
as $$
begin
    if links = '{}' then
        return statements;
    end if;
    return array(
        select row(
            s.line, coalesce(s.company, l.company), coalesce(s.kind, l.kind), coalesce(s.number, l.number),
            s.line is not null, coalesce(s.deleted, false), s.customer, s.version, s.source, s.content,
            l.taken, l.posted_by)::paper_work
        from unnest(statements) as s
        full join linked_work(links) as l on l.company = s.company and l.kind = s.kind and l.number = s.number);
end
$$;

-- The change of the buckets: what the papers contributed before, taken away, and what they contribute now.
create function bucket_changes(tenant_id text, applied paper_applied[]) returns setof exposure_bucket
language sql immutable
as $$
select tenant_id, c.company, (c.l).customer, (c.l).billed, (c.l).category, (c.l).type, (c.l).status, (c.l).flags,
    (c.l).currency, (c.l).due_on, (c.l).since, (c.l).credit,
    sum(c.sign), sum(c.sign * (c.l).open_amount), sum(c.sign * (c.l).total_amount)
from (
    select company, new_line as l, 1 as sign from unnest(applied) where new_line is distinct from old_line
    union all
    select company, old_line, -1 from unnest(applied) where new_line is distinct from old_line
) as c
where (c.l).category is not null
group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12
$$;

-- Adds grouped changes to the buckets and raises the version of every account they touch. A bucket without papers is
-- removed. The version row is locked first and guards the account's buckets.
create function apply_exposure_1(changes exposure_bucket[]) returns void
language plpgsql volatile
as $$
#variable_conflict use_column
declare
    emptied exposure_bucket[];
begin
    insert into exposure_state as s (tenant, company, customer, version)
    select distinct tenant, company, customer, 1 from unnest(changes)
    order by tenant, company, customer
    on conflict (tenant, company, customer) do update set version = s.version + 1;

    with written as (
        insert into exposure_bucket as b
        select * from unnest(changes)
        order by tenant, company, customer, billed, category, type, status, flags, currency, due_on, since, credit
        on conflict (tenant, company, customer, billed, category, type, status, flags, currency, due_on, since, credit)
        do update set papers = b.papers + excluded.papers, open_amount = b.open_amount + excluded.open_amount,
            total_amount = b.total_amount + excluded.total_amount
        returning b.*
    )
    select array_agg(w::exposure_bucket) into emptied from written as w where w.papers = 0;

    delete from exposure_bucket as b
    using unnest(emptied) as e
    where b.tenant = e.tenant and b.company = e.company and b.customer = e.customer and b.billed = e.billed
        and b.category = e.category and b.type = e.type and b.status = e.status and b.flags = e.flags
        and b.currency = e.currency and b.due_on = e.due_on and b.since = e.since and b.credit = e.credit;
end
$$;

-- Companies and customers named for the first time exist from then on.
create function apply_parties_1(tenant_id text, companies text[], customers text[]) returns void
language plpgsql volatile
as $$
begin
    insert into company (tenant, company)
    select distinct tenant_id, named.company from unnest(companies) as named (company)
    where not exists (select from company c where c.tenant = tenant_id and c.company = named.company)
    order by 2
    on conflict do nothing;

    insert into customer (tenant, customer)
    select distinct tenant_id, named.customer from unnest(customers) as named (customer)
    where named.customer is not null
        and not exists (select from customer c where c.tenant = tenant_id and c.customer = named.customer)
    order by 2
    on conflict do nothing;
end
$$;

-- Moves the watermark of feeds. Writers of one feed must not queue on its row: a watermark younger than a second
-- stands, and one that another writer is moving is left to him.
create function touch_feeds_1(tenant_id text, companies text[], sources text[]) returns void
language plpgsql volatile
as $$
#variable_conflict use_column
begin
    insert into feed (tenant, company, source, as_of)
    select distinct tenant_id, f.company, f.source, clock_timestamp()
    from unnest(companies, sources) as f (company, source)
    where not exists (
        select from feed e where e.tenant = tenant_id and e.company = f.company and e.source = f.source)
    order by 2, 3
    on conflict do nothing;

    update feed as f set as_of = clock_timestamp()
    from (
        select e.company, e.source from feed e
        join (select distinct company, source from unnest(companies, sources) as t (company, source)) as t
            on e.company = t.company and e.source = t.source
        where e.tenant = tenant_id and e.as_of < clock_timestamp() - interval '1 second'
        for update of e skip locked
    ) as old
    where f.tenant = tenant_id and f.company = old.company and f.source = old.source;
end
$$;

-- The feed a statement belongs to where it names none.
create function source_of(kind text, source text) returns text
language sql immutable parallel safe
return coalesce(source, case
    when kind in ('quotation', 'order', 'delivery', 'invoice') then 'documents' else 'default' end);

-- Writes a batch: [{company, kind, number, customer, content, version, source, deleted}], for the tenant of the
-- transaction. Statements of one paper are applied in their order. Answers for every statement, by its position from
-- 1: created, changed, unchanged, stale, conflict, deleted, or absent (a deletion of what was never there).
create function write_papers_1(batch jsonb) returns table (line integer, status text)
language plpgsql volatile
set plan_cache_mode = force_generic_plan -- planning for each array costs more than the statements
as $$
#variable_conflict use_column
declare
    tenant_id constant text := current_setting('app.tenant');
    statements paper_work[];
    ranks integer[];
    rounds integer[];
    last_round integer;
    work paper_work[];
    links paper_link[] := '{}';
    written paper_applied[];
    applied paper_applied[] := '{}';
    last_rank integer := -1;
    this_rank integer;
begin
    select
        array_agg(row(s.line, s.company, s.kind, s.number, true, coalesce(s.deleted, false), s.customer, s.version,
            source_of(s.kind, s.source), case when s.deleted then null else s.content end, null, null)::paper_work
            order by s.line),
        array_agg(kind_rank(s.kind) order by s.line), array_agg(s.round order by s.line), max(s.round)
    into statements, ranks, rounds, last_round
    from (
        select b.*, row_number() over (partition by b.company, b.kind, b.number order by b.line) as round
        from rows from (jsonb_to_recordset(batch) as (
            company text, kind text, number text, customer text, deleted boolean, version bigint, source text,
            content jsonb
        )) with ordinality as b (company, kind, number, customer, deleted, version, source, content, line)
    ) as s;

    loop
        select min(r) into this_rank from (
            select r from unnest(ranks) as r
            union all
            select kind_rank(l.kind) from unnest(links) as l where not l.late
        ) as pending where r > last_rank;
        exit when this_rank is null;
        for this_round in 1..last_round loop
            work := merged_work(
                array(select statements[n] from generate_subscripts(statements, 1) as n
                      where ranks[n] = this_rank and rounds[n] = this_round),
                array(select l from unnest(links) as l
                      where this_round = 1 and not l.late and kind_rank(l.kind) = this_rank));
            continue when work = '{}';
            written := array(select a from apply_papers_1(tenant_id, work) as a);
            applied := applied || written;
            links := links || array(select c from link_changes(written) as c);
        end loop;
        last_rank := this_rank;
    end loop;
    work := merged_work('{}', array(select l from unnest(links) as l where l.late));
    if work <> '{}' then
        applied := applied || array(select a from apply_papers_1(tenant_id, work) as a);
    end if;

    perform apply_parties_1(tenant_id, array_agg(a.company), array_agg(a.customer) || array_agg(a.bill_to))
    from unnest(applied) as a where a.status in ('created', 'changed');
    perform apply_exposure_1(array(select c from bucket_changes(tenant_id, applied) as c));
    perform touch_feeds_1(tenant_id, array_agg(s.company), array_agg(s.source)) from unnest(statements) as s;

    return query
    select s.line, coalesce(a.status, 'absent')
    from unnest(statements) as s
    left join unnest(applied) as a on a.line = s.line
    order by s.line;
end
$$;
