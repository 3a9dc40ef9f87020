-- Several checks that may reserve, in one transaction: all their scopes are locked in one order, then their facts are
-- read as reserving_facts_1 reads them, in statements of their own that see what was committed before the locks were
-- had. The settings are those of the connections of the hot read.
create function reserving_facts_2(
    p_tenant text, p_keys text[], p_companies text[], p_customers text[], p_bill_tos text[], p_operators text[],
    p_documents text[], p_stamps text[]
) returns setof check_facts
language plpgsql volatile
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
    v_locked text[];
    v_scopes text[];
    v_companies text[];
    v_accounts text[];
    v_now timestamptz;
    v_asked record;
    v_facts check_facts;
    v_account record;
    v_account_before record;
    v_reserved jsonb;
begin
    perform set_config('app.tenant', p_tenant, true);
    select array_agg(distinct s.scope order by s.scope) into v_locked
    from unnest(p_companies, p_customers, p_bill_tos) as q (company, customer, bill_to)
    cross join lateral credit_scopes_1(p_tenant, q.company, q.customer, q.bill_to) as f
    cross join lateral unnest(f.scopes) as s (scope);
    perform lock_scopes_1(p_tenant, v_locked);
    select array_agg(distinct s.scope), array_agg(m.company), array_agg(m.account)
    into v_scopes, v_companies, v_accounts
    from unnest(p_companies, p_customers, p_bill_tos) as q (company, customer, bill_to)
    cross join lateral credit_scopes_1(p_tenant, q.company, q.customer, q.bill_to) as f
    cross join lateral unnest(f.scopes) as s (scope)
    cross join lateral unnest(f.companies, f.customers) as m (company, account);
    if not v_scopes <@ v_locked then
        raise exception 'an account has joined another group' using errcode = 'serialization_failure';
    end if;
    v_now := clock_timestamp();
    perform resolve_lapsed_1(p_tenant, v_companies, v_accounts, v_now);
    for v_asked in
        select * from unnest(p_keys, p_companies, p_customers, p_bill_tos, p_operators, p_documents, p_stamps)
            as q (key, company, customer, bill_to, operator, document, stamp)
    loop
        v_account := row(v_asked.company, v_asked.customer, v_asked.bill_to);
        v_facts := credit_facts_3(
            p_tenant, v_asked.key, v_asked.company, v_asked.customer, v_asked.bill_to, v_asked.operator,
            v_asked.document::jsonb, v_asked.stamp,
            case when v_account is not distinct from v_account_before then v_reserved end, v_now);
        -- Many who wait wait for one account: what is reserved on it is added up once, where no document of theirs is
        -- part of it.
        if v_facts.document is null and v_asked.document::jsonb -> 'follows' = '[]' then
            v_account_before := v_account;
            v_reserved := coalesce(v_facts.reserved, 'null');
        end if;
        return next v_facts;
    end loop;
end
$$;
