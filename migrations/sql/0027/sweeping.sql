-- Writes down what has ended, and brings the sums in step with reservations; not waiting for anybody. Answers how many
-- reservations it changed. Looks at each by itself, as resolve_reservations_2.
create or replace function sweep_reservations_2(p_tenant text, p_most integer) returns integer
language plpgsql volatile
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
    v_now timestamptz := clock_timestamp();
    v_ids uuid[] := array(
        select r.id from reservation r where r.tenant = p_tenant and r.counted is distinct from r.owed
        union
        select r.id from reservation r where r.tenant = p_tenant and r.status = 'held' and r.expires_at <= v_now
        union
        select t.id from reservation_met t where t.tenant = p_tenant);
begin
    v_ids := array(
        select r.id from unnest(v_ids) as one (id)
        cross join lateral (
            select e.* from reservation e
            where e.tenant = p_tenant and e.id = one.id and e.status in ('held', 'captured')
            limit 1
            for no key update skip locked
        ) as r
        left join lateral (
            select greatest(p.stated_at, p.posted_at) as met_at from paper p
            where p.tenant = p_tenant and p.company = r.company and p.kind = r.kind and p.number = r.number
            limit 1
        ) as p on true
        where reservation_state(r.status, r.created_at, r.expires_at, p.met_at, v_now) not in ('held', 'captured')
        limit p_most);
    return resolve_reservations_2(p_tenant, v_ids, v_now) + settle_reservations_1(p_tenant, p_most);
end
$$;
