-- The last statement that changed the paper, where it was stated again unchanged since.
alter table paper add column changed_at timestamptz;

create function note_restatement_1() returns trigger
language plpgsql
as $$
begin
    new.changed_at := case
        when new.outcome = 'unchanged' and new.version is not distinct from old.version
        then coalesce(old.changed_at, old.stated_at) end;
    return new;
end
$$;

create trigger restated before update on paper
for each row when (new.stated_at <> old.stated_at and (new.outcome = 'unchanged' or old.changed_at is not null))
execute function note_restatement_1();

-- Whether the document was stored when it was reserved, and would add to exposure.
alter table reservation add column is_edit boolean not null default false;

-- When the document of a reservation has arrived: when it was stated, or named by an open item. A feed that states
-- everything anew says nothing of an edit that is not sent yet, until somebody says by a capture that it was made.
create function arrived_at_1(
    status text, is_edit boolean, resolved_at timestamptz,
    stated_at timestamptz, changed_at timestamptz, posted_at timestamptz
) returns timestamptz
language sql immutable parallel safe
return greatest(posted_at, case
    when is_edit and (status <> 'captured' or stated_at <= resolved_at) then coalesce(changed_at, stated_at)
    else stated_at
end);

-- Writes reservations as before; those of edits are marked.
create or replace function write_grants_1(p_tenant text, p_grants jsonb) returns void
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
    if p_grants @? '$[*].is_edit ? (@ == true)' then
        update reservation r set is_edit = true
        where r.tenant = p_tenant and r.id = any(array(
            select g.id from jsonb_to_recordset(p_grants) as g (id uuid, is_edit boolean) where g.is_edit));
    end if;
end
$$;
