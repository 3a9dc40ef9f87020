-- Changes the hold of a check's document and keeps the check's decision, durably and at once. Answers what change_hold_1
-- tells, which is put into the decision's record, too; where that is false, nothing is kept.
create function write_held_check_1(p_tenant text, p_change jsonb, p_record jsonb) returns text
language plpgsql volatile
as $$
declare
    v_told jsonb;
begin
    perform set_config('app.tenant', p_tenant, true);
    v_told := change_hold_1(p_tenant, p_change);
    if v_told = 'false' then
        return v_told;
    end if;
    perform write_decisions_2(p_tenant, false, jsonb_build_array(
        case when v_told is null then p_record else jsonb_set(p_record, '{content,answer,hold}', v_told) end));
    return v_told::text;
end
$$;
