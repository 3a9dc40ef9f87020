-- Reserving: requests that could share a limit go one after the other, by locks of scopes.

-- Which sums of accounts the limits of an account are compared with, sorted, and the accounts in them.
create function credit_scopes_1(
    p_tenant text, p_company text, p_customer text, p_bill_to text,
    out scopes text[], out companies text[], out customers text[]
)
language plpgsql stable
as $$
declare
    v_bearer text := coalesce(p_bill_to, (
        select c.risk_customer from customer c where c.tenant = p_tenant and c.customer = p_customer), p_customer);
    v_grouping text := coalesce(
        (select a.content ->> 'grouping' from credit_account a
         where a.tenant = p_tenant and a.company = p_company and a.customer = v_bearer),
        (select c.grouping from company c where c.tenant = p_tenant and c.company = p_company), 'own');
    v_head text;
    v_key text;
begin
    -- Sorts behind all kinds of groups: several members of one group, reserved in one transaction, are excluded from
    -- the beginning, and not only when each has locked an account that the other needs.
    scopes := array[jsonb_build_array('single_account', p_company, v_bearer)::text];
    if v_grouping <> 'own' then
        select array_agg(m.company), array_agg(m.customer), min(m.head), min(m.key)
        into companies, customers, v_head, v_key
        from group_members_1(p_tenant, p_company, v_bearer, v_grouping) as m;
    end if;
    if companies is not null then
        scopes := scopes || (case v_grouping
            when 'all_companies' then jsonb_build_array('customer', v_bearer)
            when 'credit_group' then jsonb_build_array('credit_group', v_key)
            when 'head_account' then jsonb_build_array('head_account', p_company, v_head)
            else jsonb_build_array(v_grouping, p_company, v_key)
        end)::text;
        scopes := array(select s from unnest(scopes) as s order by s collate "C");
    end if;
    companies := coalesce(companies, '{}') || p_company;
    customers := coalesce(customers, '{}') || v_bearer;
end
$$;

-- Always in the same order, so that requests wait for each other and never in a circle.
create function lock_scopes_1(p_tenant text, p_scopes text[]) returns void
language plpgsql volatile
as $$
begin
    if (select count(*) from credit_scope s where s.tenant = p_tenant and s.scope = any(p_scopes))
        < cardinality(p_scopes)
    then
        insert into credit_scope (tenant, scope)
        select p_tenant, s from unnest(p_scopes) as s order by s collate "C"
        on conflict do nothing;
    end if;
    perform from credit_scope s where s.tenant = p_tenant and s.scope = any(p_scopes)
    order by s.scope for no key update;
end
$$;

-- The facts of a check that may reserve, with its scopes locked until the transaction ends. VOLATILE, so that each
-- statement in it sees what was committed before it began: facts read in the statement that waited for the lock would
-- be those of before the wait. What has lapsed is written down first: whoever captures or extends such a reservation
-- at this moment is waited for, and nobody can afterwards.
create function reserving_facts_1(
    p_tenant text, p_key text, p_company text, p_customer text, p_bill_to text, p_operator text, p_document jsonb
) returns jsonb
language plpgsql volatile
as $$
declare
    v_locked text[];
    v_scope record;
    v_now timestamptz;
    v_facts jsonb;
begin
    select s.scopes into v_locked from credit_scopes_1(p_tenant, p_company, p_customer, p_bill_to) as s;
    perform lock_scopes_1(p_tenant, v_locked);
    select * into v_scope from credit_scopes_1(p_tenant, p_company, p_customer, p_bill_to);
    if not v_scope.scopes <@ v_locked then
        raise exception 'the account has joined another group' using errcode = 'serialization_failure';
    end if;
    v_now := clock_timestamp();
    perform resolve_lapsed_1(p_tenant, v_scope.companies, v_scope.customers, v_now);
    select credit_facts_2(p_tenant, p_key, p_company, p_customer, p_bill_to, p_operator, p_document, v_now)
    into v_facts;
    return v_facts;
end
$$;

-- Writes a reservation in the place of the document's earlier one; answers until when it is held.
create function write_reservation_1(
    p_tenant text, p_id uuid, p_company text, p_kind text, p_number text, p_customer text, p_account text,
    p_amount numeric, p_currency text, p_passed_on numeric, p_claims jsonb, p_seconds integer, p_by text
) returns timestamptz
language plpgsql volatile
as $$
declare
    v_now timestamptz := clock_timestamp();
    v_earlier record;
    v_expires_at timestamptz;
begin
    select r.id, reservation_state(r.status, r.created_at, r.expires_at, p.stated_at, v_now) as state into v_earlier
    from reservation r
    left join paper p on p.tenant = p_tenant and p.company = r.company and p.kind = r.kind and p.number = r.number
    where r.tenant = p_tenant and r.company = p_company and r.kind = p_kind and r.number = p_number
        and r.status in ('held', 'captured')
    for no key update of r;
    update reservation r
    set status = case when v_earlier.state in ('held', 'captured') then 'superseded' else v_earlier.state end,
        resolved_at = v_now
    where r.tenant = p_tenant and r.id = v_earlier.id;
    insert into reservation (
        tenant, id, company, kind, number, customer, account, amount, currency, passed_on, claims, created_at,
        expires_at, created_by)
    values (
        p_tenant, p_id, p_company, p_kind, p_number, p_customer, p_account, p_amount, p_currency, p_passed_on, p_claims,
        v_now, v_now + make_interval(secs => p_seconds), p_by)
    on conflict (tenant, company, kind, number) where status in ('held', 'captured') do nothing
    returning expires_at into v_expires_at;
    if v_expires_at is null then
        raise exception 'the document was reserved for another account at the same moment'
            using errcode = 'serialization_failure';
    end if;
    return v_expires_at;
end
$$;
