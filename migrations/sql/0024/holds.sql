-- What a check does to the hold of its document, and what its answer tells of it, or null: {id, status}. Only with
-- app.tenant set. With the status 'open' the document's open rule hold is refreshed, or a new one opened under the id;
-- with another one the hold of that id is closed, if it is open still; without any its release is used up. false where
-- another check has used that up already.
create function change_hold_1(p_tenant text, p_change jsonb) returns jsonb
language plpgsql volatile
as $$
declare
    v_status text := p_change ->> 'status';
    v_hold uuid;
begin
    if v_status = 'open' then
        insert into hold as h (
            tenant, id, company, kind, number, type, owner, customer, checkpoint, findings, total, currency, request,
            checked_at)
        select p_tenant, c.id, c.company, c.kind, c.number, 'rule', c.owner, c.customer, c.checkpoint, c.findings,
            c.total, c.currency, c.request, clock_timestamp()
        from jsonb_to_record(p_change) as c (
            id uuid, company text, kind text, number text, owner text, customer text, checkpoint text, findings jsonb,
            total numeric, currency text, request jsonb)
        on conflict (tenant, company, kind, number, type) where status = 'open' do update
        set customer = excluded.customer, checkpoint = excluded.checkpoint, findings = excluded.findings,
            total = excluded.total, currency = excluded.currency, request = excluded.request,
            checked_at = clock_timestamp(), updated_at = clock_timestamp(), ready_to_release = false
        returning h.id into v_hold;
    elsif v_status is not null then
        update hold as h
        set status = v_status, closed_by = c.closed_by,
            authorised_amount = coalesce(c.authorised, h.authorised_amount),
            released_on = coalesce(c.released_on, h.released_on),
            closed_at = clock_timestamp(), updated_at = clock_timestamp()
        from jsonb_to_record(p_change) as c (id uuid, closed_by text, authorised numeric, released_on date)
        where h.tenant = p_tenant and h.id = c.id and h.status = 'open'
        returning h.id into v_hold;
    else
        update hold as h set authorisation_used = true, updated_at = clock_timestamp()
        where h.tenant = p_tenant and h.id = (p_change ->> 'id')::uuid and not h.authorisation_used
        returning h.id into v_hold;
        return case when v_hold is null then 'false'::jsonb end;
    end if;
    return case when v_hold is not null then jsonb_build_object('id', v_hold, 'status', v_status) end;
end
$$;
