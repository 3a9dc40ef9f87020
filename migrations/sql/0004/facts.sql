-- The one read of a check, as credit_facts_1 with what is reserved. Where nothing is, it costs one look into an index.

-- Exposure is kept per customer of the paper; who bears it is settled here. A paper with a bill-to is borne by that
-- customer whatever its risk customer is (looked up once, never chained); any other by the risk customer of its own.
create function credit_facts_2(
    p_tenant text, p_key text, p_company text, p_customer text, p_bill_to text, p_operator text, p_document jsonb,
    p_now timestamptz default null -- of reservations already resolved at that instant; else the clock's
) returns jsonb
language plpgsql stable
as $$
declare
    v_company company;
    v_customer customer;
    v_risk customer;
    v_risk_id text;
    v_settings jsonb;
    v_grouping text;
    v_companies text[];
    v_customers text[];
    v_head text;
    v_group_key text;
    v_now timestamptz := coalesce(p_now, clock_timestamp());
    v_number text := p_document ->> 'number';
    v_kind text := p_document ->> 'kind';
    v_count_held boolean;
    v_result jsonb;
begin
    perform set_config('app.tenant', p_tenant, true);

    select * into v_company from company c where c.tenant = p_tenant and c.company = p_company;
    v_count_held := v_company.policy -> 'overrides' ->> 'count_held' is distinct from 'false';
    select * into v_customer from customer c where c.tenant = p_tenant and c.customer = p_customer;
    v_risk_id := coalesce(p_bill_to, v_customer.risk_customer, p_customer);
    if v_risk_id = p_customer then
        v_risk := v_customer;
    else
        select * into v_risk from customer c where c.tenant = p_tenant and c.customer = v_risk_id;
    end if;
    select a.content into v_settings from credit_account a
    where a.tenant = p_tenant and a.company = p_company and a.customer = v_risk_id;
    v_grouping := coalesce(v_settings ->> 'grouping', v_company.grouping, 'own');
    v_companies := array[p_company];
    v_customers := array[v_risk_id];
    if v_grouping <> 'own' then
        select array_agg(m.company order by m.customer, m.company), array_agg(m.customer order by m.customer, m.company),
               min(m.head), min(m.key)
        into v_companies, v_customers, v_head, v_group_key
        from group_members_1(p_tenant, p_company, v_risk_id, v_grouping) as m;
        if v_companies is null then
            v_companies := array[p_company];
            v_customers := array[v_risk_id];
            v_grouping := 'own';
        elsif not exists (select from unnest(v_companies, v_customers) as m (company, customer)
                          where m.company = p_company and m.customer = v_risk_id) then
            v_companies := v_companies || p_company;
            v_customers := v_customers || v_risk_id;
        end if;
    end if;

    with
    member as (select m.company, m.customer from unnest(v_companies, v_customers) as m (company, customer)),
    scope as (
        select m.company, m.customer, m.customer as written_for, true as billed from member m
        union all
        select m.company, m.customer, m.customer, false from member m
        left join customer c on c.tenant = p_tenant and c.customer = m.customer
        where c.risk_customer is null or c.risk_customer = c.customer
        union all
        select m.company, m.customer, c.customer, false from member m
        join customer c on c.tenant = p_tenant and c.risk_customer = m.customer and c.customer <> m.customer
    ),
    bucket as (
        select s.company = p_company and s.customer = v_risk_id as own, b.category, b.type, b.status, b.flags, b.currency,
               b.due_on, b.since, b.credit, sum(b.papers) as papers, sum(b.open_amount) as open_amount,
               sum(b.total_amount) as total_amount
        from scope s
        join exposure_bucket b on b.tenant = p_tenant and b.company = s.company and b.customer = s.written_for
                              and b.billed = s.billed
        group by 1, 2, 3, 4, 5, 6, 7, 8, 9
    ),
    adjustment as (
        select s.customer = v_risk_id as own, a.sign, a.line
        from document_adjustments_1(p_tenant, p_company, p_document, v_count_held) as a
        join scope s on s.company = p_company and s.written_for = (a.line).customer and s.billed = (a.line).billed
        where v_number is not null or p_document -> 'follows' <> '[]'
    ),
    held as (
        select s.customer = v_risk_id and s.company = p_company as own, p.line
        from (
            -- By a check and by a person: a document may be held twice.
            select distinct h.company, h.kind, h.number from hold h
            where not v_count_held and h.tenant = p_tenant and h.status = 'open'
              and (h.company, h.kind, h.number) is distinct from (p_company, v_kind, v_number)
        ) as h
        join paper p on p.tenant = p_tenant and p.company = h.company and p.kind = h.kind and p.number = h.number
        join scope s on s.company = p.company and s.written_for = (p.line).customer and s.billed = (p.line).billed
        where (p.line).category is not null
    ),
    item as (
        select i.* from scope s
        cross join lateral (
            select s.company = p_company and s.customer = v_risk_id as own, p.number, p.line,
                   (p.line).due_on as due_on
            from paper p
            where p.tenant = p_tenant and p.company = s.company and (p.line).customer = s.written_for
              and (p.line).billed = s.billed and (p.line).category = 'open_items' and not (p.line).credit
            order by (p.line).due_on, p.number
            limit 50
        ) as i
        order by i.due_on, i.number
        limit 50
    )
    select jsonb_build_object(
        'now', v_now,
        'today', (v_now at time zone coalesce(v_company.time_zone, 'UTC'))::date,
        'key_live', exists (select from api_key k where k.tenant = p_tenant and k.id = p_key and k.revoked_at is null
                            and (k.expires_at is null or k.expires_at > v_now)),
        'config_version', (select t.config_version from tenant t where t.tenant = p_tenant),
        'customer', case when v_customer.customer is not null
                         then v_customer.content || jsonb_build_object('id', v_customer.customer) end,
        'risk_id', v_risk_id,
        'risk_customer', case when v_risk.customer is not null
                              then v_risk.content || jsonb_build_object('id', v_risk.customer) end,
        'account', account_facts_1(p_tenant, p_company, v_risk_id)
                   || jsonb_build_object('blocks', manual_blocks_1(p_tenant, p_company, v_risk_id)),
        'ordering_account', case when v_risk_id <> p_customer then account_facts_1(p_tenant, p_company, p_customer)
                   || jsonb_build_object('blocks', manual_blocks_1(p_tenant, p_company, p_customer)) end,
        'members', case when v_grouping <> 'own' then (
            select jsonb_agg(account_facts_1(p_tenant, m.company, m.customer) order by m.customer, m.company) from member m) end,
        'head', v_head,
        'group_key', v_group_key,
        'group', case when split_part(v_grouping, ':', 1) = 'credit_group' then (
            select g.content || jsonb_build_object('id', g.code, 'temporary',
                                                   temporary_limits_1(p_tenant, '', 'credit_group', g.code))
            from reference g
            where g.tenant = p_tenant and g.company = '' and g.kind = 'credit_group' and g.code = v_group_key) end,
        'lines', (select jsonb_agg(jsonb_build_array(b.own, b.category, b.type, b.status, b.flags, b.currency, b.due_on, b.since,
                                                     b.credit, b.papers, b.open_amount::text, b.total_amount::text))
                  from bucket b),
        'adjustments', (select jsonb_agg(packed_line_1(a.own, a.line, a.sign)) from adjustment a),
        'held', (select jsonb_agg(packed_line_1(h.own, h.line, -1)) from held h),
        'items', (select jsonb_agg(to_jsonb(i.number) || packed_line_1(i.own, i.line, 1) order by i.due_on, i.number)
                  from item i),
        'reserved', case when exists (
            select from member m
            join reservation r on r.tenant = p_tenant and r.company = m.company and r.account = m.customer
                and r.status in ('held', 'captured'))
            then reserved_1(p_tenant, p_company, v_risk_id, v_companies, v_customers, p_document,
                            v_count_held, v_now) end,
        'operator', (select r.content from reference r
                     where r.tenant = p_tenant and r.company = '' and r.kind = 'operator' and r.code = p_operator),
        'holds', case when v_number is not null then (
            select jsonb_agg(jsonb_build_object('id', h.id, 'type', h.type))
            from hold h
            where h.tenant = p_tenant and h.company = p_company and h.kind = v_kind and h.number = v_number
              and h.status = 'open') end,
        'release', case when v_number is not null then (
            select jsonb_build_object('id', h.id, 'checkpoint', h.checkpoint, 'released_on', h.released_on,
                                      'amount', h.authorised_amount::text, 'currency', h.currency,
                                      'valid_until', h.valid_until, 'used', h.authorisation_used)
            from hold h
            where h.tenant = p_tenant and h.company = p_company and h.kind = v_kind and h.number = v_number
              and h.type = 'rule' and h.status = 'released' and h.authorised_amount is not null
            order by h.closed_at desc, h.id desc
            limit 1) end,
        'passed_on', (select p.taken ->> (p_document ->> 'currency') from paper p
                      where p.tenant = p_tenant and p.company = p_company and p.kind = v_kind and p.number = v_number),
        'owner', (select p.content ->> 'owner' from paper p
                  where p.tenant = p_tenant and p.company = p_company and p.kind = v_kind and p.number = v_number),
        'feeds', (select jsonb_object_agg(f.source, jsonb_build_array(f.as_of, floor(extract(epoch from v_now - f.as_of))::int))
                  from feed f where f.tenant = p_tenant and f.company = p_company))
    into v_result;
    return v_result;
end
$$;
