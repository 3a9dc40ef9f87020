-- Writes reservations as write_reservations_2, but takes them as one JSON array: the driver sends it for less.
create function write_grants_1(p_tenant text, p_grants jsonb) returns void
language plpgsql volatile
as $$
begin
    perform write_reservations_2(
        p_tenant, array_agg(g.id), array_agg(g.company), array_agg(g.kind), array_agg(g.number),
        array_agg(g.customer), array_agg(g.account), array_agg(g.amount), array_agg(g.currency),
        array_agg(g.passed_on), array_agg(g.claims::text), array_agg(g.expires_at), array_agg(g.by))
    from jsonb_to_recordset(p_grants) as g (
        id uuid, company text, kind text, number text, customer text, account text, amount numeric, currency text,
        passed_on numeric, claims jsonb, expires_at timestamptz, by text)
    having count(*) > 0;
end
$$;
