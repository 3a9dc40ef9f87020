-- Writes down what has become of reservations that the caller has locked; answers how many have ended. Those that live
-- end in the state named, if one is.
--
-- Each is found and written by its id: a join of sets may be planned while the table is empty, in a way that looks at all
-- of them for each of them later.
create or replace function resolve_reservations_2(
    p_tenant text, p_ids uuid[], p_now timestamptz, p_ending text default null
) returns integer
language plpgsql volatile
as $$
declare
    v_resolved integer := 0;
    v_one record;
begin
    for v_one in
        select e.id, e.status, reservation_state(e.status, e.created_at, e.expires_at, p.met_at, p_now) as state
        from unnest(p_ids) as one (id)
        cross join lateral (
            select e.* from reservation e where e.tenant = p_tenant and e.id = one.id limit 1
        ) as e
        left join lateral (
            select greatest(p.stated_at, p.posted_at) as met_at from paper p
            where p.tenant = p_tenant and p.company = e.company and p.kind = e.kind and p.number = e.number
            limit 1
        ) as p on true
        where e.status in ('held', 'captured')
    loop
        update reservation r
        set status = case when v_one.state in ('held', 'captured') then coalesce(p_ending, v_one.state)
                else v_one.state end,
            resolved_at = p_now
        where r.tenant = p_tenant and r.id = v_one.id and r.status = v_one.status
            and (p_ending is not null or v_one.state <> r.status);
        v_resolved := v_resolved + found::integer;
    end loop;
    return v_resolved;
end
$$;
