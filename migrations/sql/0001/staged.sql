-- The write path for a set of any size. The statements lie in the temporary table staged_paper (line, company, kind,
-- number, customer, deleted, version, source, content), which the caller has filled; they are applied as
-- write_papers_1() would, in slices that keep its order of locks: papers by rank and key, then parties, accounts and
-- buckets, feeds. Answers are left in staged_result (line, status). Memory does not grow with the set.
create function write_staged_papers_1() returns void
language plpgsql volatile
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
    tenant_id constant text := current_setting('app.tenant');
    slice_size constant integer := 5000;
    this_rank integer;
    this_round integer;
    rounds integer;
    work paper_work[];
    written paper_applied[];
    changes exposure_bucket[];
    companies text[];
    customers text[];
begin
    create temporary table staged_result (line integer, status text) on commit drop;
    create temporary table staged_link of paper_link on commit drop;
    create temporary table staged_change (like exposure_bucket) on commit drop;
    create temporary table staged_party (company text collate "C", customer text collate "C") on commit drop;
    -- Which of several statements of one paper a line is; the first ones, nearly all, are left out.
    create temporary table staged_repeat on commit drop as
    select line, round from (
        select line, row_number() over (partition by company, kind, number order by line) as round from staged_paper
    ) as numbered where round > 1;
    analyze staged_paper;
    analyze staged_repeat;
    select coalesce(max(round), 1) into rounds from staged_repeat;

    for this_rank in 0..7 loop -- after the last rank come the late links
        for this_round in 1..rounds loop
            for work in
                select array_agg(row(
                    w.line, w.company, w.kind, w.number, w.line is not null, coalesce(w.deleted, false), w.customer,
                    w.version, source_of(w.kind, w.source), case when w.deleted then null else w.content end,
                    w.taken, w.posted_by)::paper_work)
                from (
                    select line, company, kind, number, deleted, customer, version, source, content, taken, posted_by,
                        (row_number() over (order by company, kind, number) - 1) / slice_size as slice
                    from (
                        select s.* from staged_paper s left join staged_repeat r using (line)
                        where kind_rank(s.kind) = this_rank and coalesce(r.round, 1) = this_round
                    ) as s
                    full join (
                        select company, kind, number, sum(posts)::integer as posted_by,
                            coalesce(jsonb_object_agg(currency, amount::text) filter (where amount <> 0), '{}') as taken
                        from (
                            select company, kind, number, currency, sum(amount) as amount,
                                coalesce(sum(posts), 0) as posts
                            from staged_link
                            where case when late then 7 else kind_rank(kind) end = this_rank and this_round = 1
                            group by company, kind, number, currency
                        ) as summed
                        group by company, kind, number
                    ) as l using (company, kind, number)
                ) as w
                group by w.slice
                order by w.slice
            loop
                written := array(select a from apply_papers_1(tenant_id, work) as a);
                insert into staged_result select a.line, a.status from unnest(written) as a where a.line is not null;
                insert into staged_link select * from link_changes(written);
                insert into staged_change select * from bucket_changes(tenant_id, written);
                insert into staged_party
                select a.company, named.customer
                from unnest(written) as a cross join lateral (values (a.customer), (a.bill_to)) as named (customer)
                where a.status in ('created', 'changed') and named.customer is not null;
            end loop;
        end loop;
    end loop;

    companies := array(select distinct company from staged_party);
    for customers in
        select array_agg(customer) from (
            select customer, (row_number() over (order by customer) - 1) / slice_size as slice
            from (select distinct customer from staged_party) as p
        ) as numbered
        group by slice
        order by slice
    loop
        perform apply_parties_1(tenant_id, companies, customers);
    end loop;

    for changes in
        select array_agg(row(
            tenant, company, customer, billed, category, type, status, flags, currency, due_on, since, credit,
            papers, open_amount, total_amount)::exposure_bucket)
        from (
            select tenant, company, customer, billed, category, type, status, flags, currency, due_on, since, credit,
                sum(papers) as papers, sum(open_amount) as open_amount, sum(total_amount) as total_amount,
                (row_number() over (order by company, customer) - 1) / slice_size as slice
            from staged_change
            group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12
        ) as grouped
        group by slice
        order by slice
    loop
        perform apply_exposure_1(changes);
    end loop;

    perform touch_feeds_1(tenant_id, array_agg(f.company), array_agg(f.source))
    from (select distinct company, source_of(kind, source) as source from staged_paper) as f;

    insert into staged_result
    select line, 'absent' from staged_paper s where not exists (select from staged_result r where r.line = s.line);
end
$$;
