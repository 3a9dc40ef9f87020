-- Keeps decisions of checks that change holds, [[change, record]], durably and in one statement; answers for each, in
-- their order, what change_hold_1 tells, which is put into the record, too.
create function write_held_checks_1(p_tenant text, p_checks jsonb) returns text[]
language plpgsql volatile
as $$
declare
    v_place bigint;
    v_change jsonb;
    v_record jsonb;
    v_told jsonb;
    v_tolds text[] := array_fill(null::text, array[jsonb_array_length(p_checks)]);
    v_records jsonb := '[]';
begin
    perform set_config('app.tenant', p_tenant, true);
    -- In the order of their documents, so that of two statements neither waits for the other one.
    for v_place, v_change, v_record in
        select c.place, c.check_ -> 0, c.check_ -> 1
        from jsonb_array_elements(p_checks) with ordinality as c (check_, place)
        order by c.check_ -> 1 ->> 'company', c.check_ -> 1 ->> 'kind', c.check_ -> 1 ->> 'number', c.place
    loop
        v_told := change_hold_1(p_tenant, v_change);
        if v_told is not null then
            v_tolds[v_place] := v_told::text;
            v_record := jsonb_set(v_record, '{content,answer,hold}', v_told);
        end if;
        v_records := v_records || jsonb_build_array(v_record);
    end loop;
    perform write_decisions_2(p_tenant, false, v_records);
    return v_tolds;
end
$$;
