-- Writes down what has become of reservations that the caller has locked; answers how many have ended. Those that live
-- end in the state named, if one is.
--
-- Each is found by its id, and written where it was found. A join of sets may be planned while the table is empty, in a
-- way that looks at all of them for each of them later.
create or replace function resolve_reservations_2(
    p_tenant text, p_ids uuid[], p_now timestamptz, p_ending text default null
) returns integer
language plpgsql volatile
as $$
declare
    v_resolved integer;
begin
    update reservation r
    set status = case when s.state in ('held', 'captured') then coalesce(p_ending, s.state) else s.state end,
        resolved_at = p_now
    from (
        select e.place, reservation_state(e.status, e.created_at, e.expires_at, p.met_at, p_now) as state
        from unnest(p_ids) as one (id)
        cross join lateral (
            select e.ctid as place, e.* from reservation e
            where e.tenant = p_tenant and e.id = one.id
            limit 1
        ) as e
        left join lateral (
            select greatest(p.stated_at, p.posted_at) as met_at from paper p
            where p.tenant = p_tenant and p.company = e.company and p.kind = e.kind and p.number = e.number
            limit 1
        ) as p on true
        where e.status in ('held', 'captured')
    ) as s
    where r.tenant = p_tenant and r.ctid = s.place and (p_ending is not null or s.state <> r.status);
    get diagnostics v_resolved = row_count;
    return v_resolved;
end
$$;
