-- Keeps decisions and reservations of a process that decided from what it expected to read, if it would read just that
-- behind the locks; else nothing. So nobody waits for it while it decides.
--
-- VOLATILE, so that what is read after the wait for the locks is what was committed until then.
create function reserve_as_foreseen_1(
    p_tenant text, p_keys text[], p_companies text[], p_operators text[],
    -- As as_known_2 is asked, each once and without documents; besides, what is expected of its answer:
    -- {today, config_version, operator, feeds, reserved}.
    p_questions jsonb,
    p_documents jsonb, -- those that were decided: [{company, kind, number}]
    p_now timestamptz, -- of which they were decided
    p_grants jsonb, -- as write_grants_1 takes them
    p_records jsonb, -- as write_decisions_2 takes them
    out kept_at timestamptz, -- null: nothing is kept
    -- Places of the questions that are answered otherwise; null: nobody looked. JSON, because the driver asks every
    -- connection once more what an array is.
    out surprising text
)
language plpgsql volatile
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set enable_memoize = off
as $$
declare
    v_now timestamptz;
    v_surprising bigint[];
begin
    perform set_config('app.tenant', p_tenant, true);
    perform lock_scopes_1(p_tenant, array(
        select distinct jsonb_build_array('single_account', q.company, q.customer)::text
        from jsonb_to_recordset(p_questions) as q (company text, customer text)));
    v_now := clock_timestamp();
    -- An instant to come would take for lapsed what has not, and one long past the reverse.
    if v_now not between p_now and p_now + interval '1 second' then
        return;
    end if;
    v_surprising := array(
        select q.place
        from as_known_2(p_tenant, p_keys, p_companies, p_operators, p_questions, p_now) as q
        where q.known is not true or q.key_live is not true
            or p_questions -> (q.place - 1)::integer -> 'expected' is distinct from jsonb_build_object(
                'today', q.today, 'config_version', q.config_version, 'operator', q.stored_operator,
                'feeds', q.feeds::jsonb, 'reserved', q.reserved::jsonb));
    surprising := to_jsonb(v_surprising)::text;
    if v_surprising <> '{}' or exists (
        select from jsonb_to_recordset(p_documents) as d (company text, kind text, number text)
        -- Each a look-up by an index, whatever a plan is made of: what is only asked to exist may be read as a whole.
        where (
                select true from paper p
                where p.tenant = p_tenant and p.company = d.company and p.kind = d.kind and p.number = d.number
                limit 1) is not null
            or (
                select true from hold h
                where h.tenant = p_tenant and h.company = d.company and h.kind = d.kind and h.number = d.number
                limit 1) is not null
            or (
                select true from reservation r
                where r.tenant = p_tenant and r.company = d.company and r.kind = d.kind and r.number = d.number
                    and r.status in ('held', 'captured')
                order by r.created_at
                limit 1) is not null)
    then
        return;
    end if;
    perform write_grants_1(p_tenant, p_grants);
    perform write_decisions_2(p_tenant, false, p_records);
    kept_at := v_now;
end
$$;
