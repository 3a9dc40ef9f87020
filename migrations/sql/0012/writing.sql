-- Writes down what has become of reservations that the caller has locked; answers how many have ended. Those that live
-- end in the state named, if one is.
create function resolve_reservations_2(p_tenant text, p_ids uuid[], p_now timestamptz, p_ending text default null)
returns integer
language plpgsql volatile
as $$
declare
    v_resolved integer;
begin
    update reservation r
    set status = case when s.state in ('held', 'captured') then coalesce(p_ending, s.state) else s.state end,
        resolved_at = p_now
    from (
        select e.id, reservation_state(e.status, e.created_at, e.expires_at, p.stated_at, p_now) as state
        from reservation e
        left join paper p on p.tenant = p_tenant and p.company = e.company and p.kind = e.kind and p.number = e.number
        where e.tenant = p_tenant and e.id = any(p_ids) and e.status in ('held', 'captured')
    ) as s
    where r.tenant = p_tenant and r.id = any(p_ids) and r.id = s.id and (p_ending is not null or s.state <> r.status);
    get diagnostics v_resolved = row_count;
    return v_resolved;
end
$$;

-- Writes reservations, each in the place of its document's earlier one.
create function write_reservations_2(
    p_tenant text, p_ids uuid[], p_companies text[], p_kinds text[], p_numbers text[], p_customers text[],
    p_accounts text[], p_amounts numeric[], p_currencies text[], p_passed_on numeric[], p_claims text[],
    p_expires_at timestamptz[], p_by text[]
) returns void
language plpgsql volatile
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
    v_now timestamptz := clock_timestamp();
    v_earlier uuid[];
    v_free boolean[];
    v_written bigint;
begin
    v_earlier := array(
        select r.id from unnest(p_companies, p_kinds, p_numbers) as g (company, kind, number)
        cross join lateral (
            select r.id from reservation r
            where r.tenant = p_tenant and r.company = g.company and r.kind = g.kind and r.number = g.number
                and r.status in ('held', 'captured')
            order by r.created_at -- which leaves one index to use, however small the table was when the plan was made
            limit 1
        ) as r);
    if v_earlier <> '{}' then
        perform from reservation r where r.tenant = p_tenant and r.id = any(v_earlier) order by r.id for no key update;
        perform resolve_reservations_2(p_tenant, v_earlier, v_now, 'superseded');
    end if;
    v_free := without_papers_1(p_tenant, p_companies, p_kinds, p_numbers);
    -- A statement later than the look at the flags: what was written before is seen.
    with written as (
        insert into reservation as r (
            tenant, id, company, kind, number, customer, account, amount, currency, passed_on, claims, created_at,
            expires_at, created_by, counted)
        select p_tenant, g.id, g.company, g.kind, g.number, g.customer, g.account, g.amount, g.currency, g.passed_on,
            g.claims::jsonb, v_now, g.expires_at, g.by,
            case when g.free and g.claims = '[]' and p.met is null then g.amount end
        from unnest(
            p_ids, p_companies, p_kinds, p_numbers, p_customers, p_accounts, p_amounts, p_currencies, p_passed_on,
            p_claims, p_expires_at, p_by, v_free
        ) as g (
            id, company, kind, number, customer, account, amount, currency, passed_on, claims, expires_at, by, free)
        left join lateral (
            select true as met from paper p
            where p.tenant = p_tenant and p.company = g.company and p.kind = g.kind and p.number = g.number
            limit 1
        ) as p on true
        on conflict (tenant, company, kind, number) where status in ('held', 'captured') do nothing
        returning r.company, r.account, r.currency, r.counted
    ), summed as (
        insert into reserved_sum as s (tenant, company, account, currency, reservations, amount)
        select p_tenant, w.company, w.account, w.currency, count(*), sum(w.counted)
        from written w where w.counted is not null
        group by w.company, w.account, w.currency
        order by w.company, w.account, w.currency
        on conflict (tenant, company, account, currency) do update
        set reservations = s.reservations + excluded.reservations, amount = s.amount + excluded.amount
    )
    select count(*) into v_written from written;
    if v_written < cardinality(p_ids) then
        raise exception 'a document was reserved for another account at the same moment'
            using errcode = 'serialization_failure';
    end if;
end
$$;

-- Whether there is a paper, a hold or a live reservation of a document. Without a number it cannot be known.
create function document_known_1(p_tenant text, p_company text, p_document jsonb) returns boolean
language plpgsql stable
as $$
declare
    v_kind text := p_document ->> 'kind';
    v_number text := p_document ->> 'number';
begin
    return v_number is not null and (
        exists (
            select from paper p
            where p.tenant = p_tenant and p.company = p_company and p.kind = v_kind and p.number = v_number)
        or exists (
            select from hold h
            where h.tenant = p_tenant and h.company = p_company and h.kind = v_kind and h.number = v_number)
        or (
            select true from reservation r
            where r.tenant = p_tenant and r.company = p_company and r.kind = v_kind and r.number = v_number
                and r.status in ('held', 'captured')
            order by r.created_at
            limit 1) is not null);
end
$$;

-- Several checks that may reserve, in one transaction: as reserving_facts_2, but looking for what has lapsed account by
-- account in a way that no other plan can take, however small the table was when the plan was made.
create function reserving_facts_3(
    p_tenant text, p_keys text[], p_companies text[], p_customers text[], p_bill_tos text[], p_operators text[],
    p_documents text[], p_stamps text[], p_marks text[]
) returns setof check_facts_2
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
    v_lapsed uuid[];
    v_asked record;
    v_document jsonb;
    v_plain boolean;
    v_facts check_facts_2;
    v_account record;
    v_account_before record;
    v_asking record; -- all that decides what is read, but the document
    v_asking_before record; -- of v_facts, if these are of a document that nobody knows
    v_reserved jsonb;
begin
    perform set_config('app.tenant', p_tenant, true);
    select array_agg(distinct s.scope order by s.scope) into v_locked
    from (select distinct q.* from unnest(p_companies, p_customers, p_bill_tos) as q (company, customer, bill_to)) as q
    cross join lateral credit_scopes_1(p_tenant, q.company, q.customer, q.bill_to) as f
    cross join lateral unnest(f.scopes) as s (scope);
    perform lock_scopes_1(p_tenant, v_locked);
    select array_agg(distinct s.scope), array_agg(m.company), array_agg(m.account)
    into v_scopes, v_companies, v_accounts
    from (select distinct q.* from unnest(p_companies, p_customers, p_bill_tos) as q (company, customer, bill_to)) as q
    cross join lateral credit_scopes_1(p_tenant, q.company, q.customer, q.bill_to) as f
    cross join lateral unnest(f.scopes) as s (scope)
    cross join lateral unnest(f.companies, f.customers) as m (company, account);
    if not v_scopes <@ v_locked then
        raise exception 'an account has joined another group' using errcode = 'serialization_failure';
    end if;
    v_now := clock_timestamp();
    v_lapsed := array(
        select r.id
        from (select distinct m.* from unnest(v_companies, v_accounts) as m (company, account)) as m
        cross join lateral (
            select r.id from reservation r
            where r.tenant = p_tenant and r.company = m.company and r.account = m.account and r.status = 'held'
                and r.expires_at <= v_now
            order by r.expires_at
            offset 0
        ) as r);
    if v_lapsed <> '{}' then
        perform from reservation r
        where r.tenant = p_tenant and r.id = any(v_lapsed) and r.status = 'held' and r.expires_at <= v_now
        order by r.id for no key update;
        perform resolve_reservations_2(p_tenant, v_lapsed, v_now);
    end if;
    for v_asked in
        select * from unnest(p_keys, p_companies, p_customers, p_bill_tos, p_operators, p_documents, p_stamps, p_marks)
            as q (key, company, customer, bill_to, operator, document, stamp, mark)
    loop
        v_document := v_asked.document::jsonb;
        v_plain := v_document -> 'follows' = '[]';
        v_account := row(v_asked.company, v_asked.customer, v_asked.bill_to);
        v_asking := row(
            v_asked.company, v_asked.customer, v_asked.bill_to, v_asked.key, v_asked.operator, v_asked.stamp,
            v_asked.mark);
        -- Many who wait wait for one account: what was read of it for a document that nobody knows is read for all such
        -- documents, and what is reserved on it is added up once.
        if not (v_plain and v_asking is not distinct from v_asking_before
                and not document_known_1(p_tenant, v_asked.company, v_document))
        then
            v_facts := credit_facts_4(
                p_tenant, v_asked.key, v_asked.company, v_asked.customer, v_asked.bill_to, v_asked.operator, v_document,
                v_asked.stamp, v_asked.mark,
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
