-- Writes decision records in one statement, as write_decisions_1, but takes them as one JSON array.
create function write_decisions_2(p_tenant text, p_lazily boolean, p_records jsonb) returns void
language plpgsql volatile
as $$
begin
    perform set_config('app.tenant', p_tenant, true);
    if p_lazily then
        perform set_config('synchronous_commit', 'off', true);
    end if;
    insert into decision (
        tenant, id, company, customer, decision, signal, decided_at, kind, number, operator, content)
    select p_tenant, d.id, d.company, d.customer, d.decision, d.signal, d.decided_at, d.kind, d.number, d.operator,
        d.content
    from jsonb_to_recordset(p_records) as d (
        id uuid, company text, customer text, decision text, signal text, decided_at timestamptz, kind text, number text,
        operator text, content jsonb)
    on conflict do nothing;
end
$$;
