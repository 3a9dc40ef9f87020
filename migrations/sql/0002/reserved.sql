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
    p_now timestamptz
) returns jsonb
language sql stable
as $$
    with
    live as materialized (
        select r.company, r.kind, r.number, r.account, r.currency, r.created_at, r.claims,
            r.amount - coalesce(r.captured_amount, r.amount) as returned,
            greatest(0, coalesce(r.captured_amount, r.amount)
                - greatest(0, coalesce((p.taken ->> r.currency)::numeric, 0) - r.passed_on)) as amount
        from live_reservations_1(p_tenant, p_companies, p_customers, p_now) as r
        left join paper p on p.tenant = p_tenant and p.company = r.company and p.kind = r.kind and p.number = r.number
        where (r.company, r.kind, r.number)
            is distinct from (p_company, p_document ->> 'kind', p_document ->> 'number')
    ),
    claim as (
        -- What the ERP states of a paper afterwards wins, as with links of stored papers.
        select l.company, f.kind, f.number, f.currency, sum(greatest(0, f.amount - l.returned)) as amount
        from live l
        cross join lateral jsonb_to_recordset(l.claims) as f (kind text, number text, currency text, amount numeric)
        left join paper t on t.tenant = p_tenant and t.company = l.company and t.kind = f.kind and t.number = f.number
        where not coalesce(t.content ? 'open_amount' and t.stated_at > l.created_at, false)
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
    stored as (
        select t.company, t.kind, t.number, p.line,
            coalesce(case when not (p.line).billed then c.risk_customer end, (p.line).customer) as account
        from (select company, kind, number from live union select company, kind, number from claim) as t
        join paper p on p.tenant = p_tenant and p.company = t.company and p.kind = t.kind and p.number = t.number
            and (p.line).category is not null
        left join customer c on c.tenant = p_tenant and c.customer = (p.line).customer
    ),
    met as (
        select l.company, l.kind, l.number, l.account, l.currency, l.amount, s.line
        from live l
        left join stored s on s.company = l.company and s.kind = l.kind and s.number = l.number
            and s.account = l.account and (s.line).currency = l.currency
        union all
        select s.company, s.kind, s.number, s.account, (s.line).currency, 0, s.line
        from stored s
        join unnest(p_companies, p_customers) as m (company, customer) on m.company = s.company and m.customer = s.account
        where not exists (
            select from live l where l.company = s.company and l.kind = s.kind and l.number = s.number)
            and (s.company, s.kind, s.number)
                is distinct from (p_company, p_document ->> 'kind', p_document ->> 'number')
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
                and c.currency = p_document ->> 'currency'))
$$;
