-- The rest of the write path of a snapshot, from what staged_applied says has become of each entry: customers that are
-- new, account versions, buckets. Other writers of these accounts wait from here to the end of the transaction, so it
-- comes last, in a few statements over sets of any size.
create function apply_snapshot_exposure_2(tenant_id text, company_id text) returns void
language plpgsql volatile
as $$
#variable_conflict use_column
begin
    if exists (select from staged_applied where status in ('created', 'changed')) then
        insert into company (tenant, company) values (tenant_id, company_id) on conflict do nothing;
        insert into customer (tenant, customer)
        select tenant_id, a.customer
        from (select distinct customer from staged_applied where status in ('created', 'changed')) as a
        where not exists (select from customer c where c.tenant = tenant_id and c.customer = a.customer)
        order by a.customer
        on conflict do nothing;
    end if;

    create temporary table staged_account (customer text collate "C", is_new boolean) on commit drop;
    with written as (
        insert into exposure_state as s (tenant, company, customer, version)
        select tenant_id, company_id, c.customer, 1
        from (
            select (new_line).customer from staged_applied where new_line is distinct from old_line
            union
            select (old_line).customer from staged_applied where new_line is distinct from old_line
        ) as c
        where c.customer is not null
        order by c.customer
        on conflict (tenant, company, customer) do update set version = s.version + 1
        returning s.customer, s.version
    )
    insert into staged_account select customer, version = 1 from written;
    analyze staged_account;

    -- An account that had no version until now has no bucket, and until the end of this transaction nobody else gives
    -- it one. Its papers had no line there, either.
    insert into exposure_bucket (
        tenant, company, customer, billed, category, type, status, flags, currency, due_on, since, credit,
        papers, open_amount, total_amount)
    select tenant_id, company_id, (l).customer, (l).billed, (l).category, (l).type, (l).status, (l).flags, (l).currency,
        (l).due_on, (l).since, (l).credit, count(*), sum((l).open_amount), sum((l).total_amount)
    from (select new_line as l from staged_applied) as a
    join staged_account as s on s.customer = (l).customer and s.is_new
    group by 3, 4, 5, 6, 7, 8, 9, 10, 11, 12
    order by 3, 4, 5, 6, 7, 8, 9, 10, 11, 12;

    create temporary table staged_change on commit drop as
    select (c.l).customer, (c.l).billed, (c.l).category, (c.l).type, (c.l).status, (c.l).flags, (c.l).currency,
        (c.l).due_on, (c.l).since, (c.l).credit, sum(c.sign) as papers,
        sum(c.sign * (c.l).open_amount) as open_amount, sum(c.sign * (c.l).total_amount) as total_amount
    from (
        select new_line as l, 1 as sign from staged_applied where new_line is distinct from old_line
        union all
        select old_line, -1 from staged_applied where new_line is distinct from old_line
    ) as c
    join staged_account as s on s.customer = (c.l).customer and not s.is_new
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10;

    create temporary table staged_emptied on commit drop as select * from staged_change with no data;
    with written as (
        insert into exposure_bucket as b (
            tenant, company, customer, billed, category, type, status, flags, currency, due_on, since, credit,
            papers, open_amount, total_amount)
        select tenant_id, company_id, c.* from staged_change as c
        order by customer, billed, category, type, status, flags, currency, due_on, since, credit
        on conflict (tenant, company, customer, billed, category, type, status, flags, currency, due_on, since, credit)
        do update set papers = b.papers + excluded.papers, open_amount = b.open_amount + excluded.open_amount,
            total_amount = b.total_amount + excluded.total_amount
        returning customer, billed, category, type, status, flags, currency, due_on, since, credit,
            papers, open_amount, total_amount
    )
    insert into staged_emptied select * from written where papers = 0;

    delete from exposure_bucket as b
    using staged_emptied as e
    where b.tenant = tenant_id and b.company = company_id and b.customer = e.customer and b.billed = e.billed
        and b.category = e.category and b.type = e.type and b.status = e.status and b.flags = e.flags
        and b.currency = e.currency and b.due_on = e.due_on and b.since = e.since and b.credit = e.credit;
end
$$
