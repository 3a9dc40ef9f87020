-- Writes decision records in one statement, so that a process can write out what it has buffered in one round trip.
-- Lazily: losing the last moment's plain decisions with the machine is accepted, waiting for the disk is not. A record
-- that is there already stays: a process whose writing was broken off after its commit writes it again.
create function write_decisions_1(
    p_tenant text, p_lazily boolean, p_ids text[], p_companies text[], p_customers text[], p_decisions text[],
    p_signals text[], p_decided_at text[], p_kinds text[], p_numbers text[], p_operators text[], p_contents text[]
) returns void
language plpgsql volatile
as $$
begin
    perform set_config('app.tenant', p_tenant, true);
    if p_lazily then
        perform set_config('synchronous_commit', 'off', true);
    end if;
    insert into decision (
        tenant, id, company, customer, decision, signal, decided_at, kind, number, operator, content)
    select p_tenant, d.id::uuid, d.company, d.customer, d.decision, d.signal, d.decided_at::timestamptz, d.kind,
        d.number, d.operator, d.content::jsonb
    from unnest(
        p_ids, p_companies, p_customers, p_decisions, p_signals, p_decided_at, p_kinds, p_numbers, p_operators,
        p_contents
    ) as d (id, company, customer, decision, signal, decided_at, kind, number, operator, content)
    on conflict do nothing;
end
$$;
