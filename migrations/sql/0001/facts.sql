-- The one read of a check: every fact about an account, in one statement. A function of its own number: when it
-- changes, a later migration adds the next one, so that processes of the old and the new release run side by side.
-- STABLE, so that everything in it sees one snapshot.

-- What the document under check changes in stored papers: its stored version goes out, its own stored follows are
-- undone, and each paper it follows gives up what is passed on. Each change is a line taken out and a line put in.
create function document_adjustments_1(p_tenant text, p_company text, p_document jsonb, p_count_held boolean)
returns table (sign int, line paper_line)
language plpgsql stable
as $$
declare
    v_stored paper;
    v_target paper;
    v_link record;
    v_currency text;
    v_taken jsonb;
    v_content jsonb;
    v_open numeric;
    v_key text;
begin
    select * into v_stored from paper
    where tenant = p_tenant and company = p_company
      and kind = p_document ->> 'kind' and number = p_document ->> 'number';
    if found and (v_stored.line).category is not null then
        sign := -1; line := v_stored.line; return next;
    end if;
    if v_stored.kind = 'invoice' and v_stored.posted_by > 0 then
        -- The invoice is in the ledger already: the open items that name it stand for it, and go out with it.
        for v_target in
            select p.* from paper p
            where p.tenant = p_tenant and p.company = p_company and p.kind = 'open_item' and p.content ? 'document' and p.present
              and p.content #>> '{document,kind}' = 'invoice' and p.content #>> '{document,number}' = v_stored.number
              and (p.line).category is not null
        loop
            sign := -1; line := v_target.line; return next;
        end loop;
    end if;
    for v_link in
        select link.kind, link.number, link.currency, sum(link.back) as back, sum(link.pass) as pass
        from (
            select l.kind, l.number, l.currency, l.amount as back, 0::numeric as pass
            from paper_links(v_stored.kind, v_stored.present, v_stored.content) as l
            where l.what = 'take'
            union all
            select f ->> 'kind', f ->> 'number',
                   coalesce(f ->> 'currency', p_document ->> 'currency'),
                   0, coalesce((f ->> 'total')::numeric, (p_document ->> 'total')::numeric)
            from jsonb_array_elements(p_document -> 'follows') as f
        ) as link
        group by link.kind, link.number, link.currency
    loop
        select * into v_target from paper
        where tenant = p_tenant and company = p_company and kind = v_link.kind and number = v_link.number and present;
        continue when not found or (v_target.content ->> 'currency') is distinct from v_link.currency;
        -- A held paper that does not count has nothing in exposure to give up.
        continue when not p_count_held and exists (
            select from hold h
            where h.tenant = p_tenant and h.company = p_company and h.kind = v_link.kind and h.number = v_link.number
              and h.status = 'open');
        v_taken := v_target.taken;
        v_content := v_target.content;
        if v_content ? 'open_amount' then
            -- The statement wins over stored links. One made after the link already has it in; one made before has not.
            v_open := (v_content ->> 'open_amount')::numeric - v_link.pass;
            if v_target.stated_at > v_stored.linked_at then
                v_open := v_open + v_link.back;
            end if;
            v_open := case when (v_content ->> 'total')::numeric < 0 then least(v_open, 0) else greatest(v_open, 0) end;
            v_content := jsonb_set(v_content, '{open_amount}', to_jsonb(v_open::text));
        else
            v_taken := add_taken(v_taken, jsonb_build_object(v_link.currency, v_link.pass - v_link.back));
        end if;
        if (v_target.line).category is not null then
            sign := -1; line := v_target.line; return next;
        end if;
        line := line_of(v_target.kind, v_target.customer, v_target.present, v_content, v_taken, v_target.posted_by);
        if line.category is not null then
            sign := 1; return next;
        end if;
    end loop;
end
$$;

-- The accounts whose exposure is summed against one limit, by the grouping in force.
create function group_members_1(p_tenant text, p_company text, p_customer text, p_grouping text)
returns table (company text, customer text, head text, key text)
language plpgsql stable
as $$
declare
    v_customer customer;
    v_relation text := nullif(split_part(p_grouping, ':', 2), '');
    v_head text;
begin
    select * into v_customer from customer c where c.tenant = p_tenant and c.customer = p_customer;
    case split_part(p_grouping, ':', 1)
        when 'all_companies' then
            return query select co.company, p_customer, null::text, null::text from company co where co.tenant = p_tenant;
        when 'head_account' then
            v_head := coalesce(v_customer.head_account, (
                select p_customer where exists (
                    select from customer c where c.tenant = p_tenant and c.head_account = p_customer)));
            if v_head is not null then
                return query
                select p_company, c.customer, v_head, null::text from customer c
                where c.tenant = p_tenant and (c.head_account = v_head or c.customer = v_head);
            end if;
        when 'credit_group' then
            if v_customer.credit_group is not null then
                return query
                select co.company, c.customer, null::text, v_customer.credit_group from customer c
                cross join company co
                where c.tenant = p_tenant and c.credit_group = v_customer.credit_group and co.tenant = p_tenant;
            end if;
        when 'company_id' then
            if v_customer.registration_number is not null then
                return query
                select p_company, c.customer, null::text, v_customer.registration_number from customer c
                where c.tenant = p_tenant and c.registration_number = v_customer.registration_number;
            end if;
        when 'relation' then
            if v_customer.relations ? v_relation then
                return query
                select p_company, c.customer, null::text, v_customer.relations ->> v_relation from customer c
                where c.tenant = p_tenant
                  and c.relations @> jsonb_build_object(v_relation, v_customer.relations -> v_relation);
            end if;
        else
            null;
    end case;
end
$$;

create function temporary_limits_1(p_tenant text, p_company text, p_owner_kind text, p_owner text) returns jsonb
language sql stable
as $$
    select coalesce(jsonb_agg(t.content || jsonb_build_object('no', t.no, 'made_at', t.created_at) order by t.no), '[]')
    from temporary_limit t
    where t.tenant = p_tenant and t.company = p_company and t.owner_kind = p_owner_kind and t.owner = p_owner
$$;

create function account_facts_1(p_tenant text, p_company text, p_customer text) returns jsonb
language sql stable
as $$
    select jsonb_build_object(
        'company', p_company,
        'customer', p_customer,
        'settings', (select a.content from credit_account a
                     where a.tenant = p_tenant and a.company = p_company and a.customer = p_customer),
        'temporary', temporary_limits_1(p_tenant, p_company, 'customer', p_customer),
        'covers', (select coalesce(jsonb_agg(c.content order by c.no), '[]') from cover c
                   where c.tenant = p_tenant and c.company = p_company and c.customer = p_customer))
$$;

create function manual_blocks_1(p_tenant text, p_company text, p_customer text) returns jsonb
language sql stable
as $$
    select coalesce(jsonb_agg(b.content || jsonb_build_object('no', b.no) order by b.no), '[]')
    from manual_block b
    where b.tenant = p_tenant and b.company = p_company and b.customer = p_customer and b.lifted_at is null
$$;

-- A paper's line as the reader unpacks it; sign -1 takes it out.
create function packed_line_1(own boolean, line paper_line, sign int) returns jsonb
language sql immutable parallel safe
return jsonb_build_array(
    own, (line).category, (line).type, (line).status, (line).flags, (line).currency, (line).due_on, (line).since,
    (line).credit, sign, ((line).open_amount * sign)::text, ((line).total_amount * sign)::text);

-- Exposure is kept per customer of the paper; who bears it is settled here. A paper with a bill-to is borne by that
-- customer whatever its risk customer is (looked up once, never chained); any other by the risk customer of its own.
create function credit_facts_1(
    p_tenant text, p_key text, p_company text, p_customer text, p_bill_to text, p_operator text, p_document jsonb
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
    v_now timestamptz := clock_timestamp();
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
