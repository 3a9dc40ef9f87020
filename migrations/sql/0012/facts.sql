-- The one read of a check, as credit_facts_3. An account about which nothing is special has a mark: the versions of the
-- rows it is made of. Where a process knows the mark, all is as it was, and nothing of it is put together again.

create type check_facts_2 as (
    now timestamptz,
    today date, -- the company's
    key_live boolean,
    config_version bigint,
    mark text, -- of all that the account is made of, its papers included; null: of more than its own rows
    account text, -- JSON: customers, accounts, limits, group; null where the mark is the known one
    stamp text, -- of the server, and of the versions of all accounts whose papers are counted
    papers text, -- JSON: lines and items; null where the stamp is the known one
    document text, -- JSON: what is stored about the document under check; null: nothing
    reserved text, -- JSON: what is reserved for other documents, see reserved_1; null: nothing
    operator text, -- JSON, as stored
    feeds text -- JSON: {source: [instant, age in seconds]}
);

-- Exposure is kept per customer of the paper; who bears it is settled here. A paper with a bill-to is borne by that
-- customer whatever its risk customer is (looked up once, never chained); any other by the risk customer of its own.
create function credit_facts_4(
    p_tenant text, p_key text, p_company text, p_customer text, p_bill_to text, p_operator text, p_document jsonb,
    p_stamp text default null, -- of what the process knows of the account's papers
    p_mark text default null, -- of what the process knows of the account
    p_reserved jsonb default null, -- what is reserved, if it was read for another document of the account at this instant
    p_now timestamptz default null -- of reservations already resolved at that instant; else the clock's
) returns check_facts_2
language plpgsql stable
as $$
declare
    v_facts check_facts_2;
    v_count_held boolean;
    v_company_grouping text;
    v_own_grouping text;
    v_grouping text;
    v_time_zone text;
    v_customer jsonb; -- null: never heard of
    v_rows text;
    v_more boolean; -- than an account's own rows say of it
    v_reserved boolean; -- whether reserved_2 may find anything
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

    -- What nearly every check needs, in one statement: a statement costs more than the rows it reads.
    select t.config_version, co.grouping, co.policy -> 'overrides' ->> 'count_held' is distinct from 'false',
        coalesce(co.time_zone, 'UTC'),
        exists (
            select from api_key k
            where k.tenant = p_tenant and k.id = p_key and k.revoked_at is null
                and (k.expires_at is null or k.expires_at > v_facts.now)),
        c.content || jsonb_build_object('id', c.customer), a.content ->> 'grouping', op.content,
        row(c.xmin, c.ctid, a.xmin, a.ctid, e.version)::text,
        exists (
            select from temporary_limit l
            where l.tenant = p_tenant and l.company = p_company and l.owner_kind = 'customer' and l.owner = p_customer)
        or exists (
            select from cover l where l.tenant = p_tenant and l.company = p_company and l.customer = p_customer)
        or exists (
            select from manual_block l
            where l.tenant = p_tenant and l.company = p_company and l.customer = p_customer and l.lifted_at is null)
        or exists (
            select from customer l
            where l.tenant = p_tenant and l.risk_customer = p_customer and l.customer <> p_customer),
        exists (
            select from reserved_sum s
            where s.tenant = p_tenant and s.company = p_company and s.account = p_customer and s.reservations > 0)
        or (
            select true from reservation r
            where r.tenant = p_tenant and r.company = p_company and r.account = p_customer
                and r.counted is distinct from r.owed
            order by r.created_at
            limit 1) is not null
    into v_facts.config_version, v_company_grouping, v_count_held, v_time_zone, v_facts.key_live, v_customer,
        v_own_grouping, v_facts.operator, v_rows, v_more, v_reserved
    from tenant t
    left join company co on co.tenant = p_tenant and co.company = p_company
    left join customer c on c.tenant = p_tenant and c.customer = p_customer
    left join credit_account a on a.tenant = p_tenant and a.company = p_company and a.customer = p_customer
    left join exposure_state e on e.tenant = p_tenant and e.company = p_company and e.customer = p_customer
    left join reference op
        on op.tenant = p_tenant and op.company = '' and op.kind = 'operator' and op.code = p_operator
    where t.tenant = p_tenant;
    v_facts.today := (v_facts.now at time zone v_time_zone)::date;
    v_risk_id := coalesce(p_bill_to, v_customer ->> 'risk_customer', p_customer);
    if not v_more and v_risk_id = p_customer and coalesce(v_customer ->> 'risk_customer', p_customer) = p_customer
        and coalesce(v_own_grouping, v_company_grouping, 'own') = 'own'
    then
        -- Another server, to which a standby was raised, may lack the last commits and give their versions anew.
        v_facts.mark := pg_postmaster_start_time()::text || v_rows;
    end if;
    v_companies := array[p_company];
    v_customers := array[v_risk_id];
    if v_facts.mark = p_mark then
        v_facts.stamp := p_stamp;
        v_of_company := array[p_company, p_company];
        v_accounts := array[v_risk_id, v_risk_id];
        v_written_for := v_accounts;
        v_billed := '{true,false}';
    else
        if v_risk_id = p_customer then
            v_risk := v_customer;
        else
            select c.content || jsonb_build_object('id', c.customer) into v_risk from customer c
            where c.tenant = p_tenant and c.customer = v_risk_id;
        end if;
        v_account := account_facts_2(p_tenant, p_company, v_risk_id);
        v_grouping := coalesce(v_account -> 'settings' ->> 'grouping', v_company_grouping, 'own');
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
        v_facts.stamp := pg_postmaster_start_time()::text || v_facts.stamp;
        if v_facts.stamp is distinct from p_stamp then
            v_facts.papers := papers_of_1(
                p_tenant, p_company, v_risk_id, v_of_company, v_accounts, v_written_for, v_billed);
        end if;
    end if;
    if not v_count_held or p_document -> 'follows' <> '[]'
        or (p_document ->> 'number' is not null and document_known_1(p_tenant, p_company, p_document))
    then
        v_facts.document := document_facts_1(
            p_tenant, p_company, v_risk_id, p_document, v_count_held, v_of_company, v_accounts, v_written_for,
            v_billed);
    end if;
    if p_reserved is not null and v_facts.document is null and p_document -> 'follows' = '[]' then
        v_facts.reserved := nullif(p_reserved, 'null');
    elsif v_reserved or v_facts.mark is null then
        v_facts.reserved := reserved_2(
            p_tenant, p_company, v_risk_id, v_companies, v_customers, p_document, v_count_held, v_facts.now);
    end if;
    v_facts.feeds := (
        select jsonb_object_agg(
            f.source, jsonb_build_array(f.as_of, floor(extract(epoch from v_facts.now - f.as_of))::int))
        from feed f where f.tenant = p_tenant and f.company = p_company);
    return v_facts;
end
$$;
