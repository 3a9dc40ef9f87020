-- The one read of checks, of all that are asked at the same moment; those of which more has to be told than a process
-- knows are read one by one. All see one snapshot.
create function facts_of_checks_2(p_tenant text, p_questions jsonb) returns setof check_facts_2
language plpgsql stable
as $$
declare
    v_now timestamptz := clock_timestamp();
begin
    perform set_config('app.tenant', p_tenant, true);
    return query
    select f.*
    from as_known_1(p_tenant, p_questions, v_now) as q
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
