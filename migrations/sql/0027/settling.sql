-- Counts reservations that need no look in the sums of their accounts, and takes out those that do. Writes each by its id,
-- as resolve_reservations_2.
create or replace function settle_reservations_1(p_tenant text, p_most integer) returns integer
language plpgsql volatile
as $$
declare
    v_ids uuid[] := array(
        select r.id from reservation r
        where r.tenant = p_tenant and r.counted is distinct from r.owed
            -- What takes of papers is never counted, nor what meets one.
            and (r.counted is not null or r.claims = '[]' and not exists (
                select from paper p
                where p.tenant = p_tenant and p.company = r.company and p.kind = r.kind and p.number = r.number))
        union
        select t.id from reservation_met t where t.tenant = p_tenant
        limit p_most);
    v_companies text[];
    v_kinds text[];
    v_numbers text[];
    v_free boolean[];
    v_counted numeric[];
begin
    select array_agg(r.id), array_agg(r.company), array_agg(r.kind), array_agg(r.number)
    into v_ids, v_companies, v_kinds, v_numbers
    from (
        select r.id, r.company, r.kind, r.number from reservation r
        where r.tenant = p_tenant and r.id = any(v_ids)
        order by r.id
        for no key update skip locked
    ) as r;
    if v_ids is null then
        return 0;
    end if;
    v_free := without_papers_1(p_tenant, v_companies, v_kinds, v_numbers);
    -- A statement later than the look at the flags: what was written before is seen.
    with found as (
        select r.id, r.company, r.account, r.currency, r.counted as before,
            case when f.free and r.claims = '[]' and p.met is null then r.owed end as after
        from unnest(v_ids, v_free) as f (id, free)
        cross join lateral (select * from reservation r where r.tenant = p_tenant and r.id = f.id limit 1) as r
        left join lateral (
            select true as met from paper p
            where p.tenant = p_tenant and p.company = r.company and p.kind = r.kind and p.number = r.number
            limit 1
        ) as p on true
    ), summed as (
        insert into reserved_sum as s (tenant, company, account, currency, reservations, amount)
        select p_tenant, f.company, f.account, f.currency, sum(num_nonnulls(f.after) - num_nonnulls(f.before)),
            sum(coalesce(f.after, 0) - coalesce(f.before, 0))
        from found f where f.before is distinct from f.after
        group by f.company, f.account, f.currency
        order by f.company, f.account, f.currency
        on conflict (tenant, company, account, currency) do update
        set reservations = s.reservations + excluded.reservations, amount = s.amount + excluded.amount
    ), taken as (
        delete from reservation_met t using found f
        where t.tenant = p_tenant and t.company = f.company and t.account = f.account and t.id = f.id
            and f.after is null
    )
    select array_agg(f.id), array_agg(f.after) into v_ids, v_counted from found f
    where f.before is distinct from f.after;
    for v_place in 1 .. coalesce(cardinality(v_ids), 0) loop
        update reservation r set counted = v_counted[v_place] where r.tenant = p_tenant and r.id = v_ids[v_place];
    end loop;
    return coalesce(cardinality(v_ids), 0);
end
$$;
