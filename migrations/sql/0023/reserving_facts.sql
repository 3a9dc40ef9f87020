-- Several checks that may reserve, in one transaction, as reserving_facts_4. Accounts of which the process knows a mark
-- were summed alone when they were read: their locks are taken without a look at them. Those that are as they were need
-- none afterwards, either: they are summed alone yet, and nothing on them has lapsed.
create function reserving_facts_5(
    p_tenant text, p_keys text[], p_companies text[], p_operators text[], p_questions jsonb, -- as facts_of_checks_3
    p_trusting boolean -- false: marks say nothing of locks, because they have been wrong
) returns setof check_facts_2
language plpgsql volatile
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set enable_memoize = off
as $$
declare
    v_locked text[];
    v_scopes text[];
    v_companies text[];
    v_accounts text[];
    v_now timestamptz;
    v_asked record;
    v_plain boolean;
    v_facts check_facts_2;
    v_account record;
    v_account_before record;
    v_asking record; -- all that decides what is read, but the document
    v_asking_before record; -- of v_facts, if these are of a document that nobody knows
    v_reserved jsonb;
begin
    perform set_config('app.tenant', p_tenant, true);
    v_locked := array(
        select jsonb_build_array('single_account', q.company, q.customer)::text
        from jsonb_to_recordset(p_questions) as q (company text, customer text, bill_to text, mark text)
        where p_trusting and q.mark is not null and coalesce(q.bill_to, q.customer) = q.customer
        union
        select s.scope from scopes_of_checks_1(p_tenant, (
            select jsonb_agg(q.content) from jsonb_array_elements(p_questions) as q (content)
            where not p_trusting or q.content ->> 'mark' is null
                or coalesce(q.content ->> 'bill_to', q.content ->> 'customer') <> q.content ->> 'customer')) as s);
    perform lock_scopes_1(p_tenant, v_locked);
    v_now := clock_timestamp();
    for v_asked in
        select * from as_known_2(p_tenant, p_keys, p_companies, p_operators, p_questions, v_now) as q order by q.place
    loop
        if v_asked.known then
            v_facts := row(
                v_now, v_asked.today, v_asked.key_live, v_asked.config_version, null, null, null, null, null,
                v_asked.reserved, v_asked.stored_operator, v_asked.feeds);
            v_asking_before := null;
            v_account_before := null;
            return next v_facts;
            continue;
        end if;
        v_plain := v_asked.document -> 'follows' = '[]';
        v_account := row(v_asked.company, v_asked.customer, v_asked.bill_to);
        v_asking := row(
            v_asked.company, v_asked.customer, v_asked.bill_to, v_asked.key, v_asked.operator, v_asked.stamp,
            v_asked.mark);
        if v_account is distinct from v_account_before then
            select array_agg(distinct s.scope), array_agg(s.company), array_agg(s.account)
            into v_scopes, v_companies, v_accounts
            from scopes_of_checks_1(p_tenant, jsonb_build_array(jsonb_build_object(
                'company', v_asked.company, 'customer', v_asked.customer, 'bill_to', v_asked.bill_to))) as s;
            if not v_scopes <@ v_locked then
                raise exception 'an account has joined another group' using errcode = 'serialization_failure';
            end if;
            perform resolve_lapsed_2(p_tenant, v_companies, v_accounts, v_now);
        end if;
        -- Many who wait wait for one account: what was read of it for a document that nobody knows is read for all such
        -- documents, and what is reserved on it is added up once.
        if not (v_plain and v_asking is not distinct from v_asking_before
                and not document_known_1(p_tenant, v_asked.company, v_asked.document))
        then
            v_facts := credit_facts_4(
                p_tenant, v_asked.key, v_asked.company, v_asked.customer, v_asked.bill_to, v_asked.operator,
                v_asked.document, v_asked.stamp, v_asked.mark,
                case when v_account is not distinct from v_account_before then v_reserved end, v_now);
            v_asking_before := null;
            if v_plain and v_facts.document is null then
                v_asking_before := v_asking;
                v_account_before := v_account;
                v_reserved := coalesce(v_facts.reserved, 'null');
            end if;
        end if;
        return next v_facts;
    end loop;
end
$$;
