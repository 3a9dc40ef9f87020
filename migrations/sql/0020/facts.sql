-- The one read of checks, of all that are asked at the same moment. Of nearly every account a process knows the mark
-- (credit_facts_4), nothing is stored about the document, and nothing is reserved: whether that is so is asked for all
-- of them by one statement, because beginning a statement costs more than the look-ups in it. The others are read one by
-- one. All see one snapshot.
create function facts_of_checks_1(
    p_tenant text,
    p_questions jsonb -- [{key, company, customer, bill_to, operator, document, stamp, mark}], as credit_facts_4 takes them
) returns setof check_facts_2
language plpgsql stable
as $$
declare
    v_now timestamptz := clock_timestamp();
    v_started text := pg_postmaster_start_time()::text;
begin
    perform set_config('app.tenant', p_tenant, true);
    return query
    select f.*
    from jsonb_array_elements(p_questions) with ordinality as question (content, position)
    cross join lateral jsonb_to_record(question.content) as q (
        key text, company text, customer text, bill_to text, operator text, document jsonb, stamp text, mark text)
    left join lateral jsonb_to_record(q.document) as d (kind text, number text, follows jsonb) on true
    left join tenant t on t.tenant = p_tenant
    left join company co on co.tenant = p_tenant and co.company = q.company
    left join customer c on c.tenant = p_tenant and c.customer = q.customer
    left join credit_account a on a.tenant = p_tenant and a.company = q.company and a.customer = q.customer
    left join exposure_state e on e.tenant = p_tenant and e.company = q.company and e.customer = q.customer
    cross join lateral (
        select q.mark is not null
            and q.mark = v_started || row(c.xmin, c.ctid, a.xmin, a.ctid, e.version)::text
            -- What follows is what credit_facts_4 gives a mark for, and then does not have to look at.
            and coalesce(q.bill_to, q.customer) = q.customer
            and coalesce(c.content ->> 'risk_customer', q.customer) = q.customer
            and coalesce(a.content ->> 'grouping', co.grouping, 'own') = 'own'
            and co.policy -> 'overrides' ->> 'count_held' is distinct from 'false'
            and coalesce(d.follows = '[]', true)
            -- As document_known_1, whose call would cost more than all of this.
            and (d.number is null or not (
                exists (
                    select from paper p
                    where p.tenant = p_tenant and p.company = q.company and p.kind = d.kind and p.number = d.number)
                or exists (
                    select from hold h
                    where h.tenant = p_tenant and h.company = q.company and h.kind = d.kind and h.number = d.number)
                or (
                    select true from reservation r
                    where r.tenant = p_tenant and r.company = q.company and r.kind = d.kind and r.number = d.number
                        and r.status in ('held', 'captured')
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
            and not exists (
                select from reserved_sum s
                where s.tenant = p_tenant and s.company = q.company and s.account = q.customer and s.reservations > 0)
            and (
                select true from reservation r
                where r.tenant = p_tenant and r.company = q.company and r.account = q.customer
                    and r.counted is distinct from r.owed
                order by r.created_at
                limit 1) is null
        as known
        offset 0 -- so that it is worked out once
    ) as as_it_was
    cross join lateral (
        -- Mark and stamp are as they were, too, and need not be told.
        select v_now, (v_now at time zone coalesce(co.time_zone, 'UTC'))::date,
            exists (
                select from api_key k
                where k.tenant = p_tenant and k.id = q.key and k.revoked_at is null
                    and (k.expires_at is null or k.expires_at > v_now)),
            t.config_version, null::text, null::text, null::text, null::text, null::text, null::text,
            (select op.content::text from reference op
             where op.tenant = p_tenant and op.company = '' and op.kind = 'operator' and op.code = q.operator),
            (select jsonb_object_agg(
                f.source, jsonb_build_array(f.as_of, floor(extract(epoch from v_now - f.as_of))::int))::text
             from feed f where f.tenant = p_tenant and f.company = q.company)
        where as_it_was.known
        union all
        select one.*
        from credit_facts_4(
            p_tenant, q.key, q.company, q.customer, q.bill_to, q.operator, q.document, q.stamp, q.mark) as one
        where not as_it_was.known
    ) as f
    order by question.position;
end
$$;
