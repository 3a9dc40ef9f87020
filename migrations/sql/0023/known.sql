-- Questions as facts_of_checks_3 is asked, and of each whether all is as the process knows it (known), as as_known_1
-- says it. What many questions have in common - key, company and its feeds, operator - is named apart, and looked up
-- once for all of them. Only with app.tenant set.
create function as_known_2(
    p_tenant text,
    p_keys text[], p_companies text[], p_operators text[], -- those that occur, each once
    -- [{key, company, customer, bill_to, operator, document, stamp, mark}], as credit_facts_4 takes them
    p_questions jsonb,
    p_now timestamptz
) returns table (
    place bigint, key text, company text, customer text, bill_to text, operator text, document jsonb, stamp text,
    mark text, known boolean, today date, key_live boolean, config_version bigint,
    reserved text, stored_operator text, feeds text)
language sql stable
as $$
    select q.place, q.key, q.company, q.customer, q.bill_to, q.operator, q.document, q.stamp, q.mark,
        as_it_was.known, co.today, k.live, co.config_version,
        case when as_it_was.reserved then (
            select jsonb_build_object(
                'sums', jsonb_agg(jsonb_build_array(true, s.currency, s.reservations, s.amount::text)))::text
            from reserved_sum s
            where s.tenant = p_tenant and s.company = q.company and s.account = q.customer and s.reservations > 0)
        end,
        op.content, co.feeds
    from rows from (
        jsonb_to_recordset(p_questions) as (
            key text, company text, customer text, bill_to text, operator text, document jsonb, stamp text, mark text)
    ) with ordinality as q (key, company, customer, bill_to, operator, document, stamp, mark, place)
    left join (
        select named.company, (p_now at time zone coalesce(co.time_zone, 'UTC'))::date as today, t.config_version,
            coalesce(co.grouping, 'own') as grouping,
            co.policy -> 'overrides' ->> 'count_held' is distinct from 'false' as count_held,
            pg_postmaster_start_time()::text as server,
            (
                select jsonb_object_agg(
                    f.source, jsonb_build_array(f.as_of, floor(extract(epoch from p_now - f.as_of))::int))::text
                from feed f where f.tenant = p_tenant and f.company = named.company
            ) as feeds
        from unnest(p_companies) as named (company)
        left join tenant t on t.tenant = p_tenant
        left join company co on co.tenant = p_tenant and co.company = named.company
        offset 0
    ) as co on co.company = q.company
    left join (
        select named.key, exists (
            select from api_key k
            where k.tenant = p_tenant and k.id = named.key and k.revoked_at is null
                and (k.expires_at is null or k.expires_at > p_now)) as live
        from unnest(p_keys) as named (key)
        offset 0
    ) as k on k.key = q.key
    left join (
        select op.code, op.content::text as content
        from unnest(p_operators) as named (operator)
        join reference op
            on op.tenant = p_tenant and op.company = '' and op.kind = 'operator' and op.code = named.operator
        offset 0
    ) as op on op.code = q.operator
    left join customer c on c.tenant = p_tenant and c.customer = q.customer
    left join credit_account a on a.tenant = p_tenant and a.company = q.company and a.customer = q.customer
    left join exposure_state e on e.tenant = p_tenant and e.company = q.company and e.customer = q.customer
    cross join lateral (
        select exists (
            select from reserved_sum s
            where s.tenant = p_tenant and s.company = q.company and s.account = q.customer and s.reservations > 0)
        offset 0 -- so that it is looked up once
    ) as sums (reserved)
    cross join lateral (
        select sums.reserved, q.mark is not null
            and q.mark = co.server || row(c.xmin, c.ctid, a.xmin, a.ctid, e.version)::text
            -- What follows is what credit_facts_4 gives a mark for, and then does not have to look at.
            and coalesce(q.bill_to, q.customer) = q.customer
            and coalesce(c.content ->> 'risk_customer', q.customer) = q.customer
            and coalesce(a.content ->> 'grouping', co.grouping) = 'own'
            and co.count_held
            and coalesce(q.document -> 'follows' = '[]', true)
            -- As document_known_1, whose call would cost more than all of this.
            and (q.document ->> 'number' is null or not (
                exists (
                    select from paper p
                    where p.tenant = p_tenant and p.company = q.company and p.kind = q.document ->> 'kind'
                        and p.number = q.document ->> 'number')
                or exists (
                    select from hold h
                    where h.tenant = p_tenant and h.company = q.company and h.kind = q.document ->> 'kind'
                        and h.number = q.document ->> 'number')
                or (
                    select true from reservation r
                    where r.tenant = p_tenant and r.company = q.company and r.kind = q.document ->> 'kind'
                        and r.number = q.document ->> 'number' and r.status in ('held', 'captured')
                    order by r.created_at
                    limit 1) is not null))
            and not exists (
                select from temporary_limit l
                where l.tenant = p_tenant and l.company = q.company and l.owner_kind = 'customer' and l.owner = q.customer)
            and not exists (
                select from cover l where l.tenant = p_tenant and l.company = q.company and l.customer = q.customer)
            and not exists (
                select from manual_block l
                where l.tenant = p_tenant and l.company = q.company and l.customer = q.customer and l.lifted_at is null)
            and not exists (
                select from customer l
                where l.tenant = p_tenant and l.risk_customer = q.customer and l.customer <> q.customer)
            -- What reserved_2 would have to take out of the sums, or to look at singly.
            and (
                select true from reservation r
                where r.tenant = p_tenant and r.company = q.company and r.account = q.customer
                    and r.counted is distinct from r.owed
                order by r.created_at
                limit 1) is null
            and (not sums.reserved or not exists (
                    select from reservation_met m
                    where m.tenant = p_tenant and m.company = q.company and m.account = q.customer)
                and (
                    select true from reservation r
                    where r.tenant = p_tenant and r.company = q.company and r.account = q.customer
                        and r.status = 'held' and r.expires_at <= p_now
                    order by r.expires_at
                    limit 1) is null)
        offset 0 -- so that it is worked out once
    ) as as_it_was (reserved, known);
$$;
