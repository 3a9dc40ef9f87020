-- What is reserved on some accounts, other than for the document under check.
--
-- A reservation must not be counted beside the papers it stands for. Of the document it was made for, what is stored
-- already counts as it is, and the reservation only for the rest. Of the papers that document follows, the amount it
-- will take is counted in the reservation already. How much of that a policy counts among stored papers is known only
-- to the policy, so these amounts are given one by one:
--   sums    [own, currency, reservations, amount]: those that meet no other paper
--   singly  [own, currency, amount, claimed, passed, line]: a document's reserved amount (0: only stored), what other
--           reservations will take of the document, what the document under check takes of it beyond what its stored
--           version did, and the document's stored line
--   claimed what reservations will take of the document under check itself
create function reserved_1(
    p_tenant text, p_company text, p_risk_id text, p_companies text[], p_customers text[], p_document jsonb,
    p_count_held boolean, p_now timestamptz
) returns jsonb
language plpgsql stable -- whose plans are kept, unlike those of a function in SQL before PostgreSQL 18
as $$
begin
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
        from unnest(p_companies, p_customers) as m (company, customer)
        join reservation r on r.tenant = p_tenant and r.company = m.company and r.account = m.customer
            and r.status in ('held', 'captured')
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
    passed as (
        select link.kind, link.number, link.currency, sum(link.amount) as amount
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
        group by link.kind, link.number, link.currency
    ),
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
                select e.own, e.currency, count(*) as reservations, sum(e.amount) as amount from entry e
                where (e.line).category is null and e.claimed = 0 and e.passed = 0
                group by e.own, e.currency
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
