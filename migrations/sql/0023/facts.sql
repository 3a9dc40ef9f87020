-- The one read of checks as facts_of_checks_2, but told what they have in common.
create function facts_of_checks_3(
    p_tenant text, p_keys text[], p_companies text[], p_operators text[], p_questions jsonb
) returns setof check_facts_2
language plpgsql stable
as $$
declare
    v_now timestamptz := clock_timestamp();
begin
    perform set_config('app.tenant', p_tenant, true);
    return query
    select f.*
    from as_known_2(p_tenant, p_keys, p_companies, p_operators, p_questions, v_now) as q
    cross join lateral (
        select v_now, q.today, q.key_live, q.config_version, null::text, null::text, null::text, null::text, null::text,
            q.reserved, q.stored_operator, q.feeds
        where q.known
        union all
        select one.*
        from credit_facts_4(
            p_tenant, q.key, q.company, q.customer, q.bill_to, q.operator, q.document, q.stamp, q.mark) as one
        where not q.known
    ) as f
    order by q.place;
end
$$;
