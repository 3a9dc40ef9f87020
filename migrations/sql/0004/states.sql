-- What has become of a reservation. Expiry and consumption are facts of the clock and of the paper, so they hold from
-- their moment on, whether or not anybody has written them down yet.

-- The state at an instant. A statement of the document made after the reservation consumes it, unless it had expired
-- before; a deletion is a statement, too, and what is consumed stays so.
create function reservation_state(
    status text, created_at timestamptz, expires_at timestamptz, stated_at timestamptz, at timestamptz
) returns text
language sql immutable parallel safe
return case
    when status not in ('held', 'captured') then status
    when stated_at > created_at then
        case when status = 'held' and expires_at <= stated_at then 'expired' else 'consumed' end
    when status = 'held' and expires_at <= at then 'expired'
    else status
end;

-- Writes down what has become of reservations that the caller has locked; answers how many have ended.
create function resolve_reservations_1(p_tenant text, p_ids uuid[], p_now timestamptz) returns integer
language plpgsql volatile
as $$
declare
    v_resolved integer;
begin
    update reservation r set status = s.state, resolved_at = p_now
    from (
        select e.id, reservation_state(e.status, e.created_at, e.expires_at, p.stated_at, p_now) as state
        from reservation e
        left join paper p on p.tenant = p_tenant and p.company = e.company and p.kind = e.kind and p.number = e.number
        where e.tenant = p_tenant and e.id = any(p_ids)
    ) as s
    where r.tenant = p_tenant and r.id = s.id and s.state <> r.status;
    get diagnostics v_resolved = row_count;
    return v_resolved;
end
$$;

-- The same for all that has lapsed on some accounts, waiting for whoever is capturing or extending it now.
create function resolve_lapsed_1(p_tenant text, p_companies text[], p_customers text[], p_now timestamptz)
returns void
language plpgsql volatile
as $$
declare
    v_ids uuid[] := array(
        select r.id from unnest(p_companies, p_customers) as m (company, customer)
        join reservation r on r.tenant = p_tenant and r.company = m.company and r.account = m.customer
        where r.status = 'held' and r.expires_at <= p_now
        order by r.id
        for no key update of r);
begin
    if v_ids <> '{}' then
        perform resolve_reservations_1(p_tenant, v_ids, p_now);
    end if;
end
$$;

-- The same for the whole tenant, so that the indexes of live ones stay short; not waiting for anybody.
create function sweep_reservations_1(p_tenant text, p_most integer) returns integer
language plpgsql volatile
as $$
declare
    v_now timestamptz := clock_timestamp();
    v_ids uuid[] := array(
        select r.id from reservation r
        left join paper p on p.tenant = p_tenant and p.company = r.company and p.kind = r.kind and p.number = r.number
        where r.tenant = p_tenant and r.status in ('held', 'captured')
            and reservation_state(r.status, r.created_at, r.expires_at, p.stated_at, v_now)
                not in ('held', 'captured')
        limit p_most
        for no key update of r skip locked);
begin
    return resolve_reservations_1(p_tenant, v_ids, v_now);
end
$$;

-- The newest reservation of a document that was just stated, its end written down if that was one; and what of the
-- document is open now.
create function stated_reservation_1(p_tenant text, p_company text, p_kind text, p_number text)
returns table (id uuid, state text, amount numeric, currency text, open_amount numeric, open_currency text)
language plpgsql volatile
as $$
#variable_conflict use_column
begin
    perform set_config('app.tenant', p_tenant, true);
    update reservation r set status = s.state, resolved_at = p.stated_at
    from paper p
    cross join lateral (
        select e.id, reservation_state(e.status, e.created_at, e.expires_at, p.stated_at, p.stated_at) as state
        from reservation e
        where e.tenant = p_tenant and e.company = p.company and e.kind = p.kind and e.number = p.number
            and e.status in ('held', 'captured')
        for no key update skip locked
    ) as s
    where p.tenant = p_tenant and p.company = p_company and p.kind = p_kind and p.number = p_number
        and r.tenant = p_tenant and r.id = s.id and s.state <> r.status;
    return query
    select r.id, reservation_state(r.status, r.created_at, r.expires_at, p.stated_at, clock_timestamp()),
        coalesce(r.captured_amount, r.amount), r.currency, coalesce((p.line).open_amount, 0), (p.line).currency
    from reservation r
    left join paper p on p.tenant = p_tenant and p.company = r.company and p.kind = r.kind and p.number = r.number
    where r.tenant = p_tenant and r.company = p_company and r.kind = p_kind and r.number = p_number
    order by r.created_at desc
    limit 1;
end
$$;
