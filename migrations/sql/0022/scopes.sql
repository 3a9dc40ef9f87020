-- The scopes of some checks and the accounts whose exposure they sum, as credit_scopes_1 says of each; for accounts
-- summed alone, as nearly all are, without calling it. Only with app.tenant set.
create function scopes_of_checks_1(
    p_tenant text,
    p_questions jsonb -- [{company, customer, bill_to, ...}]
) returns table (scope text, company text, account text)
language sql stable
as $$
    select f.*
    from (
        select distinct asked.company, asked.customer, asked.bill_to
        from jsonb_to_recordset(p_questions) as asked (company text, customer text, bill_to text)
    ) as q
    left join customer c on c.tenant = p_tenant and c.customer = q.customer
    cross join lateral (select coalesce(q.bill_to, c.risk_customer, q.customer) as account offset 0) as bearer
    left join credit_account a on a.tenant = p_tenant and a.company = q.company and a.customer = bearer.account
    left join company co on co.tenant = p_tenant and co.company = q.company
    cross join lateral (
        select coalesce(a.content ->> 'grouping', co.grouping, 'own') = 'own' as summed offset 0
    ) as alone
    cross join lateral (
        select jsonb_build_array('single_account', q.company, bearer.account)::text, q.company, bearer.account
        where alone.summed
        union all
        select s.scope, m.company, m.account
        from credit_scopes_1(p_tenant, q.company, q.customer, q.bill_to) as g
        cross join lateral unnest(g.scopes) as s (scope)
        cross join lateral unnest(g.companies, g.customers) as m (company, account)
        where not alone.summed
    ) as f (scope, company, account)
$$;
