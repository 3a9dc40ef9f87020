-- What is reserved for other documents, as reserved_1 says it; null: nothing. Nearly all reservations are in the sums of
-- their accounts and stay there unread, however many they are; the others are looked at one by one.
create or replace function reserved_2(
    p_tenant text, p_company text, p_risk_id text, p_companies text[], p_customers text[], p_document jsonb,
    p_count_held boolean, p_now timestamptz
) returns jsonb
language plpgsql stable
as $$
declare
    v_out uuid[]; -- in the sums, and to be taken out of them
    v_singly uuid[]; -- to be looked at
begin
    select array_agg(r.id) filter (where r.counted), array_agg(r.id) filter (where r.singly) into v_out, v_singly
    from unnest(p_companies, p_customers) as m (company, customer)
    cross join lateral (
        -- The orders leave one index to use, whatever a plan is made of that was made while the table was small.
        (select r.id, r.counted is not null as counted, true as singly from reservation r
         where r.tenant = p_tenant and r.company = m.company and r.account = m.customer
            and r.counted is distinct from r.owed
         order by r.created_at)
        union all
        select r.id, true, true from reservation_met t
        cross join lateral (
            select r.id from reservation r where r.tenant = p_tenant and r.id = t.id and r.counted = r.owed limit 1
        ) as r
        where t.tenant = p_tenant and t.company = m.company and t.account = m.customer
        union all
        -- What has lapsed, and what the document under check has itself.
        select r.id, true, false from (
            (select l.id, l.counted, l.owed from reservation l
             where l.tenant = p_tenant and l.company = m.company and l.account = m.customer and l.status = 'held'
                and l.expires_at <= p_now
             order by l.expires_at)
            union all
            (select o.id, o.counted, o.owed from reservation o
             where m.company = p_company and o.tenant = p_tenant and o.company = p_company
                and o.kind = p_document ->> 'kind' and o.number = p_document ->> 'number'
                and o.status in ('held', 'captured') and o.account = m.customer
                and not (o.status = 'held' and o.expires_at <= p_now)
             order by o.created_at)
        ) as r
        where r.counted = r.owed and not exists (
            select from reservation_met t
            where t.tenant = p_tenant and t.company = m.company and t.account = m.customer and t.id = r.id)
    ) as r;
    if v_singly is not null or p_document -> 'follows' <> '[]' then
        return reserved_3(
            p_tenant, p_company, p_risk_id, p_companies, p_customers, p_document, p_count_held, p_now, v_out, v_singly);
    end if;
    return (
        select jsonb_build_object(
            'sums', jsonb_agg(jsonb_build_array(s.own, s.currency, s.reservations, s.amount::text)))
        from reserved_sums_1(p_tenant, p_company, p_risk_id, p_companies, p_customers, v_out) as s
        having count(*) > 0);
end
$$;

-- The sums of some accounts without some reservations that are in them.
create function reserved_sums_1(
    p_tenant text, p_company text, p_risk_id text, p_companies text[], p_customers text[], p_out uuid[]
) returns table (own boolean, currency text, reservations bigint, amount numeric)
language plpgsql stable
as $$
#variable_conflict use_column
begin
    return query
    select s.own, s.currency, sum(s.reservations)::bigint, sum(s.amount)
    from (
        select m.company = p_company and m.customer = p_risk_id as own, s.currency, s.reservations, s.amount
        from unnest(p_companies, p_customers) as m (company, customer)
        cross join lateral (
            select s.currency, s.reservations, s.amount from reserved_sum s
            where s.tenant = p_tenant and s.company = m.company and s.account = m.customer
            offset 0
        ) as s
        union all
        select r.company = p_company and r.account = p_risk_id, r.currency, -1, -r.counted
        from reservation r where p_out is not null and r.tenant = p_tenant and r.id = any(p_out)
    ) as s
    group by s.own, s.currency
    having sum(s.reservations) <> 0;
end
$$;

-- What is reserved where some of it has to be looked at, or the document under check takes of papers; see reserved_1,
-- whose rules these are.
create function reserved_3(
    p_tenant text, p_company text, p_risk_id text, p_companies text[], p_customers text[], p_document jsonb,
    p_count_held boolean, p_now timestamptz, p_out uuid[], p_singly uuid[]
) returns jsonb
language plpgsql stable
as $$
declare
    v_targets uuid[]; -- in the sums, but others take of their documents
begin
    v_targets := array(
        select distinct r.id
        from (
            select s.company, f.kind, f.number from reservation s
            cross join lateral jsonb_to_recordset(s.claims) as f (kind text, number text)
            where s.tenant = p_tenant and s.id = any(p_singly)
            union all
            select p_company, l.kind, l.number from passed_on_1(p_tenant, p_company, p_document) as l
        ) as d
        cross join lateral (
            select r.id, r.company, r.account, r.counted from reservation r
            where r.tenant = p_tenant and r.company = d.company and r.kind = d.kind and r.number = d.number
                and r.status in ('held', 'captured') and r.counted = r.owed
            order by r.created_at
            offset 0
        ) as r
        join unnest(p_companies, p_customers) as m (company, customer)
            on m.company = r.company and m.customer = r.account
        where r.id <> all(coalesce(p_out, '{}')));
    return (with
    live as materialized (
        select r.company, r.kind, r.number, r.account, r.currency, r.created_at, r.claims,
            r.amount - coalesce(r.captured_amount, r.amount) as returned,
            greatest(0, coalesce(r.captured_amount, r.amount)
                - greatest(0, coalesce((p.taken ->> r.currency)::numeric, 0) - r.passed_on)) as amount,
            -- The stored document, where the same account bears it in the same currency, and it counts.
            case when (p.line).currency = r.currency and r.account = coalesce(
                    case when not (p.line).billed then (
                        select c.risk_customer from customer c
                        where c.tenant = p_tenant and c.customer = (p.line).customer) end,
                    (p.line).customer)
                and (p_count_held or not exists (
                    select from hold h
                    where h.tenant = p_tenant and h.company = p.company and h.kind = p.kind and h.number = p.number
                      and h.status = 'open'))
                then p.line end as line
        from (
            select r.* from reservation r
            where r.tenant = p_tenant and r.id = any(coalesce(p_singly, '{}') || v_targets)
            offset 0
        ) as r
        left join paper p on p.tenant = p_tenant and p.company = r.company and p.kind = r.kind and p.number = r.number
        where reservation_state(r.status, r.created_at, r.expires_at, p.stated_at, p_now) in ('held', 'captured')
            and (r.company, r.kind, r.number)
                is distinct from (p_company, p_document ->> 'kind', p_document ->> 'number')
    ),
    claim as (
        -- What the ERP states of a paper afterwards wins, as with links of stored papers.
        select l.company, f.kind, f.number, f.currency, sum(greatest(0, f.amount - l.returned)) as amount
        from live l
        cross join lateral jsonb_to_recordset(l.claims) as f (kind text, number text, currency text, amount numeric)
        left join paper t on t.tenant = p_tenant and t.company = l.company and t.kind = f.kind and t.number = f.number
        where l.claims <> '[]' and not coalesce(t.content ? 'open_amount' and t.stated_at > l.created_at, false)
        group by l.company, f.kind, f.number, f.currency
    ),
    passed as (select * from passed_on_1(p_tenant, p_company, p_document)),
    -- Stored papers of which a part will be taken, but for which nothing is reserved themselves.
    claimed as (
        select c.company, c.kind, c.number, p.line,
            coalesce(case when not (p.line).billed then b.risk_customer end, (p.line).customer) as account
        from (select distinct company, kind, number from claim) as c
        join paper p on p.tenant = p_tenant and p.company = c.company and p.kind = c.kind and p.number = c.number
            and (p.line).category is not null
        left join customer b on b.tenant = p_tenant and b.customer = (p.line).customer
        where (c.company, c.kind, c.number)
                is distinct from (p_company, p_document ->> 'kind', p_document ->> 'number')
            and not exists (
                select from live l where l.company = c.company and l.kind = c.kind and l.number = c.number)
            and (p_count_held or not exists (
                select from hold h
                where h.tenant = p_tenant and h.company = c.company and h.kind = c.kind and h.number = c.number
                  and h.status = 'open'))
    ),
    met as (
        select l.company, l.kind, l.number, l.account, l.currency, l.amount, l.line from live l
        union all
        select c.company, c.kind, c.number, c.account, (c.line).currency, 0, c.line
        from claimed c
        join unnest(p_companies, p_customers) as m (company, customer)
            on m.company = c.company and m.customer = c.account
    ),
    entry as materialized (
        select m.company = p_company and m.account = p_risk_id as own, m.currency, m.amount, m.line,
            coalesce(c.amount, 0) as claimed, coalesce(d.amount, 0) as passed
        from met m
        left join claim c on c.company = m.company and c.kind = m.kind and c.number = m.number and c.currency = m.currency
        left join passed d on m.company = p_company and d.kind = m.kind and d.number = m.number
            and d.currency = m.currency
    )
    select jsonb_build_object(
        'sums', (
            select jsonb_agg(jsonb_build_array(s.own, s.currency, s.reservations, s.amount::text))
            from (
                select t.own, t.currency, sum(t.reservations) as reservations, sum(t.amount) as amount
                from (
                    select r.own, r.currency, r.reservations, r.amount
                    from reserved_sums_1(
                        p_tenant, p_company, p_risk_id, p_companies, p_customers, p_out || v_targets) as r
                    union all
                    select e.own, e.currency, 1, e.amount from entry e
                    where (e.line).category is null and e.claimed = 0 and e.passed = 0
                ) as t
                group by t.own, t.currency
                having sum(t.reservations) <> 0
            ) as s),
        'singly', (
            select jsonb_agg(jsonb_build_array(
                e.own, e.currency, e.amount::text, e.claimed::text, e.passed::text,
                case when (e.line).category is not null then packed_line_1(e.own, e.line, 1) end))
            from entry e
            where (e.line).category is not null or e.claimed <> 0 or e.passed <> 0),
        'claimed', (
            select c.amount::text from claim c
            where c.company = p_company and c.kind = p_document ->> 'kind' and c.number = p_document ->> 'number'
                and c.currency = p_document ->> 'currency')));
end
$$;

-- What the document under check takes of papers, beyond what its stored version did.
create function passed_on_1(p_tenant text, p_company text, p_document jsonb)
returns table (kind text, number text, currency text, amount numeric)
language plpgsql stable
as $$
#variable_conflict use_column
begin
    return query
    select link.kind, link.number, link.currency, sum(link.amount)
    from (
        select f ->> 'kind' as kind, f ->> 'number' as number,
            coalesce(f ->> 'currency', p_document ->> 'currency') as currency,
            coalesce((f ->> 'total')::numeric, (p_document ->> 'total')::numeric) as amount
        from jsonb_array_elements(p_document -> 'follows') as f
        union all
        select l.kind, l.number, l.currency, -l.amount
        from paper s
        cross join lateral paper_links(s.kind, s.present, s.content) as l
        left join paper t on t.tenant = p_tenant and t.company = p_company and t.kind = l.kind and t.number = l.number
        where s.tenant = p_tenant and s.company = p_company and s.kind = p_document ->> 'kind'
            and s.number = p_document ->> 'number' and l.what = 'take'
            and not coalesce(t.content ? 'open_amount' and t.stated_at <= s.linked_at, false)
    ) as link
    group by link.kind, link.number, link.currency;
end
$$;
