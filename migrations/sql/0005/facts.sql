-- The one read of a check, as credit_facts_2, made for processes that remember what they have read. What people and
-- ERPs state about an account comes as text, compared with the text known; what its papers add up to comes only where
-- one of its versions is another than the process knows. What is about the document alone comes only where there is
-- something. plpgsql throughout: its plans are kept, while those of a function in SQL are made anew for each call.

create type check_facts as (
    now timestamptz,
    today date, -- the company's
    key_live boolean,
    config_version bigint,
    account text, -- JSON: customers, accounts, limits, group
    stamp text, -- of the server, and of the versions of all accounts whose papers are counted
    papers text, -- JSON: lines and items; null where the stamp is the known one
    document text, -- JSON: what is stored about the document under check; null: nothing
    reserved text, -- JSON: what is reserved for other documents, see reserved_1; null: nothing
    operator text, -- JSON, as stored
    feeds text -- JSON: {source: [instant, age in seconds]}
);

create function temporary_limits_2(p_tenant text, p_company text, p_owner_kind text, p_owner text) returns jsonb
language plpgsql stable
as $$
begin
    return (
        select coalesce(
            jsonb_agg(t.content || jsonb_build_object('no', t.no, 'made_at', t.created_at) order by t.no), '[]')
        from temporary_limit t
        where t.tenant = p_tenant and t.company = p_company and t.owner_kind = p_owner_kind and t.owner = p_owner);
end
$$;

-- One account as people set it, with what hangs on it. Nothing does on most: looking costs less than adding up.
create function account_facts_2(p_tenant text, p_company text, p_customer text) returns jsonb
language plpgsql stable
as $$
declare
    v_settings jsonb;
    v_more boolean;
    v_temporary jsonb := '[]';
    v_covers jsonb := '[]';
    v_blocks jsonb := '[]';
begin
    select
        (select a.content from credit_account a
         where a.tenant = p_tenant and a.company = p_company and a.customer = p_customer),
        exists (select from temporary_limit t
                where t.tenant = p_tenant and t.company = p_company and t.owner_kind = 'customer'
                    and t.owner = p_customer)
            or exists (select from cover c
                       where c.tenant = p_tenant and c.company = p_company and c.customer = p_customer)
            or exists (select from manual_block b
                       where b.tenant = p_tenant and b.company = p_company and b.customer = p_customer
                           and b.lifted_at is null)
    into v_settings, v_more;
    if v_more then
        v_temporary := temporary_limits_2(p_tenant, p_company, 'customer', p_customer);
        v_covers := (
            select coalesce(jsonb_agg(c.content order by c.no), '[]') from cover c
            where c.tenant = p_tenant and c.company = p_company and c.customer = p_customer);
        v_blocks := (
            select coalesce(jsonb_agg(b.content || jsonb_build_object('no', b.no) order by b.no), '[]')
            from manual_block b
            where b.tenant = p_tenant and b.company = p_company and b.customer = p_customer and b.lifted_at is null);
    end if;
    return jsonb_build_object(
        'company', p_company, 'customer', p_customer, 'settings', v_settings, 'temporary', v_temporary,
        'covers', v_covers, 'blocks', v_blocks);
end
$$;

-- What the papers written for some customers add up to, and the oldest positive open items among them.
create function papers_of_1(
    p_tenant text, p_company text, p_risk_id text, p_companies text[], p_accounts text[], p_written_for text[],
    p_billed boolean[]
) returns jsonb
language plpgsql stable
as $$
begin
    return (
        with scope as (
            select * from unnest(p_companies, p_accounts, p_written_for, p_billed)
                as s (company, account, written_for, billed)
        ),
        bucket as (
            select s.company = p_company and s.account = p_risk_id as own, b.category, b.type, b.status, b.flags,
                b.currency, b.due_on, b.since, b.credit, sum(b.papers) as papers, sum(b.open_amount) as open_amount,
                sum(b.total_amount) as total_amount
            from scope s
            join exposure_bucket b on b.tenant = p_tenant and b.company = s.company and b.customer = s.written_for
                and b.billed = s.billed
            group by 1, 2, 3, 4, 5, 6, 7, 8, 9
        ),
        item as (
            select i.* from scope s
            cross join lateral (
                select s.company = p_company and s.account = p_risk_id as own, p.number, p.line,
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
            'lines', (
                select jsonb_agg(jsonb_build_array(
                    b.own, b.category, b.type, b.status, b.flags, b.currency, b.due_on, b.since, b.credit, b.papers,
                    b.open_amount::text, b.total_amount::text))
                from bucket b),
            'items', (
                select jsonb_agg(
                    to_jsonb(i.number) || packed_line_1(i.own, i.line, 1) order by i.due_on, i.number)
                from item i)));
end
$$;

-- What is reserved for other documents, as reserved_1 says it; null: nothing. Mostly reservations meet no paper and take
-- nothing of any, so that they are a sum.
create function reserved_2(
    p_tenant text, p_company text, p_risk_id text, p_companies text[], p_customers text[], p_document jsonb,
    p_count_held boolean, p_now timestamptz
) returns jsonb
language plpgsql stable
as $$
declare
    v_live boolean;
    v_meeting boolean;
begin
    select count(*) > 0, bool_or(r.claims <> '[]' or p.number is not null) into v_live, v_meeting
    from unnest(p_companies, p_customers) as m (company, customer)
    join reservation r on r.tenant = p_tenant and r.company = m.company and r.account = m.customer
        and r.status in ('held', 'captured')
    left join paper p on p.tenant = p_tenant and p.company = r.company and p.kind = r.kind and p.number = r.number;
    if not v_live then
        return null;
    end if;
    if v_meeting or p_document -> 'follows' <> '[]' then
        return reserved_1(
            p_tenant, p_company, p_risk_id, p_companies, p_customers, p_document, p_count_held, p_now);
    end if;
    return (
        select jsonb_build_object('sums', jsonb_agg(jsonb_build_array(s.own, s.currency, s.reservations, s.amount::text)))
        from (
            select r.company = p_company and r.account = p_risk_id as own, r.currency, count(*) as reservations,
                sum(coalesce(r.captured_amount, r.amount)) as amount
            from unnest(p_companies, p_customers) as m (company, customer)
            join reservation r on r.tenant = p_tenant and r.company = m.company and r.account = m.customer
                and r.status in ('held', 'captured')
            where (r.status = 'captured' or r.expires_at > p_now)
                and (r.company, r.kind, r.number)
                    is distinct from (p_company, p_document ->> 'kind', p_document ->> 'number')
            group by 1, 2
        ) as s
        having count(*) > 0);
end
$$;

-- What is stored about the document under check, and about documents on hold where those do not count; null where
-- there is nothing of it.
create function document_facts_1(
    p_tenant text, p_company text, p_risk_id text, p_document jsonb, p_count_held boolean, p_companies text[],
    p_accounts text[], p_written_for text[], p_billed boolean[]
) returns jsonb
language plpgsql stable
as $$
declare
    v_number text := p_document ->> 'number';
    v_kind text := p_document ->> 'kind';
    v_stored boolean := false;
    v_taken jsonb;
    v_owner text;
    v_adjustments jsonb;
    v_holds jsonb;
    v_release jsonb;
    v_held jsonb;
    v_superseding boolean := false; -- the document has a reservation already
begin
    if v_number is not null then
        select p.taken, p.content ->> 'owner' into v_taken, v_owner from paper p
        where p.tenant = p_tenant and p.company = p_company and p.kind = v_kind and p.number = v_number;
        v_stored := found;
        if exists (
            select from hold h
            where h.tenant = p_tenant and h.company = p_company and h.kind = v_kind and h.number = v_number)
        then
            v_holds := (
                select jsonb_agg(jsonb_build_object('id', h.id, 'type', h.type))
                from hold h
                where h.tenant = p_tenant and h.company = p_company and h.kind = v_kind and h.number = v_number
                    and h.status = 'open');
            v_release := (
                select jsonb_build_object(
                    'id', h.id, 'checkpoint', h.checkpoint, 'released_on', h.released_on,
                    'amount', h.authorised_amount::text, 'currency', h.currency, 'valid_until', h.valid_until,
                    'used', h.authorisation_used)
                from hold h
                where h.tenant = p_tenant and h.company = p_company and h.kind = v_kind and h.number = v_number
                    and h.type = 'rule' and h.status = 'released' and h.authorised_amount is not null
                order by h.closed_at desc, h.id desc
                limit 1);
        end if;
        v_superseding := exists (
            select from reservation r
            where r.tenant = p_tenant and r.company = p_company and r.kind = v_kind and r.number = v_number
                and r.status in ('held', 'captured'));
    end if;
    if v_stored or p_document -> 'follows' <> '[]' then
        v_adjustments := (
            select jsonb_agg(packed_line_1(s.account = p_risk_id, a.line, a.sign))
            from document_adjustments_1(p_tenant, p_company, p_document, p_count_held) as a
            join unnest(p_companies, p_accounts, p_written_for, p_billed) as s (company, account, written_for, billed)
                on s.company = p_company and s.written_for = (a.line).customer and s.billed = (a.line).billed);
    end if;
    if not p_count_held then
        v_held := (
            select jsonb_agg(packed_line_1(s.account = p_risk_id and s.company = p_company, p.line, -1))
            from (
                -- By a check and by a person: a document may be held twice.
                select distinct h.company, h.kind, h.number from hold h
                where h.tenant = p_tenant and h.status = 'open'
                    and (h.company, h.kind, h.number) is distinct from (p_company, v_kind, v_number)
            ) as h
            join paper p on p.tenant = p_tenant and p.company = h.company and p.kind = h.kind and p.number = h.number
            join unnest(p_companies, p_accounts, p_written_for, p_billed) as s (company, account, written_for, billed)
                on s.company = p.company and s.written_for = (p.line).customer and s.billed = (p.line).billed
            where (p.line).category is not null);
    end if;
    if v_adjustments is null and v_holds is null and v_release is null and v_held is null and not v_stored
        and not v_superseding
    then
        return null;
    end if;
    return jsonb_build_object(
        'adjustments', v_adjustments, 'holds', v_holds, 'release', v_release, 'held', v_held,
        'passed_on', v_taken ->> (p_document ->> 'currency'), 'owner', v_owner, 'stored', v_stored,
        'superseding', v_superseding);
end
$$;

-- Exposure is kept per customer of the paper; who bears it is settled here. A paper with a bill-to is borne by that
-- customer whatever its risk customer is (looked up once, never chained); any other by the risk customer of its own.
create function credit_facts_3(
    p_tenant text, p_key text, p_company text, p_customer text, p_bill_to text, p_operator text, p_document jsonb,
    p_stamp text default null, -- of what the process knows of the account's papers
    p_reserved jsonb default null, -- what is reserved, if it was read for another document of the account at this instant
    p_now timestamptz default null -- of reservations already resolved at that instant; else the clock's
) returns check_facts
language plpgsql stable
as $$
declare
    v_facts check_facts;
    v_count_held boolean;
    v_grouping text;
    v_time_zone text;
    v_customer jsonb; -- null: never heard of
    v_risk jsonb;
    v_risk_id text;
    v_account jsonb;
    v_members jsonb;
    v_companies text[]; -- the members: accounts whose exposure is added up
    v_customers text[];
    v_head text;
    v_group_key text;
    v_group jsonb;
    v_of_company text[]; -- whose papers are theirs: company, account that bears them, customer they are written for
    v_accounts text[];
    v_written_for text[];
    v_billed boolean[];
begin
    perform set_config('app.tenant', p_tenant, true);
    v_facts.now := coalesce(p_now, clock_timestamp());

    select t.config_version, c.grouping, c.policy -> 'overrides' ->> 'count_held' is distinct from 'false',
        coalesce(c.time_zone, 'UTC'),
        exists (
            select from api_key k
            where k.tenant = p_tenant and k.id = p_key and k.revoked_at is null
                and (k.expires_at is null or k.expires_at > v_facts.now))
    into v_facts.config_version, v_grouping, v_count_held, v_time_zone, v_facts.key_live
    from tenant t
    left join company c on c.tenant = p_tenant and c.company = p_company
    where t.tenant = p_tenant;
    v_facts.today := (v_facts.now at time zone v_time_zone)::date;

    select c.content || jsonb_build_object('id', c.customer) into v_customer from customer c
    where c.tenant = p_tenant and c.customer = p_customer;
    v_risk_id := coalesce(p_bill_to, v_customer ->> 'risk_customer', p_customer);
    if v_risk_id = p_customer then
        v_risk := v_customer;
    else
        select c.content || jsonb_build_object('id', c.customer) into v_risk from customer c
        where c.tenant = p_tenant and c.customer = v_risk_id;
    end if;
    v_account := account_facts_2(p_tenant, p_company, v_risk_id);
    v_grouping := coalesce(v_account -> 'settings' ->> 'grouping', v_grouping, 'own');
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
        elsif not exists (
            select from unnest(v_companies, v_customers) as m (company, customer)
            where m.company = p_company and m.customer = v_risk_id)
        then
            v_companies := v_companies || p_company;
            v_customers := v_customers || v_risk_id;
        end if;
    end if;
    if v_grouping <> 'own' then
        v_members := (
            select jsonb_agg(account_facts_2(p_tenant, m.company, m.customer) order by m.customer, m.company)
            from unnest(v_companies, v_customers) as m (company, customer));
        if split_part(v_grouping, ':', 1) = 'credit_group' then
            select g.content || jsonb_build_object(
                'id', g.code, 'temporary', temporary_limits_2(p_tenant, '', 'credit_group', g.code))
            into v_group
            from reference g
            where g.tenant = p_tenant and g.company = '' and g.kind = 'credit_group' and g.code = v_group_key;
        end if;
    end if;
    v_facts.account := jsonb_build_object(
        'customer', v_customer,
        'risk_customer', v_risk,
        'account', v_account,
        'ordering_account', case when v_risk_id <> p_customer
            then account_facts_2(p_tenant, p_company, p_customer) end,
        'members', v_members, 'head', v_head, 'group_key', v_group_key, 'group', v_group);

    if v_members is null and not exists (
        select from customer c where c.tenant = p_tenant and c.risk_customer = v_risk_id and c.customer <> v_risk_id)
    then
        -- Nearly all accounts: they bear what is written for their own customer, or only what is billed to it.
        v_billed := case when coalesce(v_risk ->> 'risk_customer', v_risk_id) = v_risk_id
            then '{true,false}' else '{true}' end::boolean[];
        v_of_company := array_fill(p_company, array[cardinality(v_billed)]);
        v_accounts := array_fill(v_risk_id, array[cardinality(v_billed)]);
        v_written_for := v_accounts;
        v_facts.stamp := v_risk_id || v_billed::text || coalesce((
            select e.version from exposure_state e
            where e.tenant = p_tenant and e.company = p_company and e.customer = v_risk_id), 0);
    else
        select array_agg(s.company), array_agg(s.account), array_agg(s.written_for), array_agg(s.billed)
        into v_of_company, v_accounts, v_written_for, v_billed
        from (
            select m.company, m.customer as account, m.customer as written_for, true as billed
            from unnest(v_companies, v_customers) as m (company, customer)
            union all
            select m.company, m.customer, m.customer, false
            from unnest(v_companies, v_customers) as m (company, customer)
            left join customer c on c.tenant = p_tenant and c.customer = m.customer
            where c.risk_customer is null or c.risk_customer = c.customer
            union all
            select m.company, m.customer, c.customer, false
            from unnest(v_companies, v_customers) as m (company, customer)
            join customer c on c.tenant = p_tenant and c.risk_customer = m.customer and c.customer <> m.customer
        ) as s;
        v_facts.stamp := (
            select md5(string_agg(
                jsonb_build_array(s.company, s.account, s.written_for, s.billed, e.version)::text, ''
                order by s.company, s.account, s.written_for, s.billed))
            from unnest(v_of_company, v_accounts, v_written_for, v_billed)
                as s (company, account, written_for, billed)
            left join exposure_state e
                on e.tenant = p_tenant and e.company = s.company and e.customer = s.written_for);
    end if;
    -- Another server, to which a standby was raised, may lack the last commits and give their versions anew.
    v_facts.stamp := pg_postmaster_start_time()::text || v_facts.stamp;
    if v_facts.stamp is distinct from p_stamp then
        v_facts.papers := papers_of_1(
            p_tenant, p_company, v_risk_id, v_of_company, v_accounts, v_written_for, v_billed);
    end if;
    v_facts.document := document_facts_1(
        p_tenant, p_company, v_risk_id, p_document, v_count_held, v_of_company, v_accounts, v_written_for, v_billed);
    v_facts.reserved := case
        when p_reserved is not null and v_facts.document is null and p_document -> 'follows' = '[]'
            then nullif(p_reserved, 'null')
        else reserved_2(
            p_tenant, p_company, v_risk_id, v_companies, v_customers, p_document, v_count_held, v_facts.now)
        end;
    if p_operator is not null then
        select r.content into v_facts.operator from reference r
        where r.tenant = p_tenant and r.company = '' and r.kind = 'operator' and r.code = p_operator;
    end if;
    v_facts.feeds := (
        select jsonb_object_agg(
            f.source, jsonb_build_array(f.as_of, floor(extract(epoch from v_facts.now - f.as_of))::int))
        from feed f where f.tenant = p_tenant and f.company = p_company);
    return v_facts;
end
$$;
