-- Credit set aside by checks. `amount` is in the currency of the document; what others pass on of it, and what it
-- takes from papers it follows, is settled when it is read (reserved_1).
create table reservation (
    tenant text collate "C" not null,
    id uuid not null,
    company text collate "C" not null,
    kind text collate "C" not null,
    number text collate "C" not null,
    customer text collate "C" not null, -- who ordered
    account text collate "C" not null, -- who bears it: the risk party when it was granted
    amount numeric not null,
    currency text collate "C" not null,
    captured_amount numeric,
    passed_on numeric not null default 0, -- what followers had taken of the document when it was granted
    claims jsonb not null default '[]', -- what it passes on from others: [{kind, number, currency, amount}]
    status text collate "C" not null default 'held',
    created_at timestamptz not null default clock_timestamp(),
    expires_at timestamptz not null,
    resolved_at timestamptz,
    created_by text collate "C",
    constraint pk_reservation primary key (tenant, id),
    constraint ck_reservation_kind check (kind in ('quotation', 'order', 'delivery', 'invoice')),
    constraint ck_reservation_status check (
        status in ('held', 'captured', 'released', 'expired', 'superseded', 'consumed')),
    -- not a number sorts above infinity
    constraint ck_reservation_amounts check (
        amount >= 0 and amount < 'Infinity'
        and (captured_amount is null or (captured_amount >= 0 and captured_amount <= amount)))
) with (fillfactor = 70); -- each is updated once or twice soon after it was made

create unique index uq_reservation_live on reservation (tenant, company, kind, number)
    where status in ('held', 'captured');

create index ix_reservation_account on reservation (tenant, company, account) where status in ('held', 'captured');

create index ix_reservation_document on reservation (tenant, company, kind, number, created_at);

-- What reserving requests wait for: one row for each set of accounts that is summed against a limit. Limits cannot be
-- locked in its place: two companies may share a sum without sharing a row of limits.
create table credit_scope (
    tenant text collate "C" not null,
    scope text collate "C" not null,
    constraint pk_credit_scope primary key (tenant, scope)
);

do $$
declare
    name text;
begin
    foreach name in array array['reservation', 'credit_scope'] loop
        execute format('alter table %I enable row level security', name);
        execute format('alter table %I force row level security', name);
        execute format(
            $policy$create policy own_tenant on %I
                using (tenant = nullif(current_setting('app.tenant', true), ''))
                with check (tenant = nullif(current_setting('app.tenant', true), ''))$policy$, name);
        execute format('grant select, insert, update, delete on %I to creditrisk_app', name);
    end loop;
end
$$;

-- The sweeper works for every tenant in turn and has to be told which ones there is work for; the policy lets the
-- owner, whose rights the function runs with, see that. The service's own role gets nothing from it.
create policy sweep on reservation for select to creditrisk_owner using (status in ('held', 'captured'));

create function tenants_with_reservations_1() returns setof text
language sql stable security definer
set search_path = pg_catalog, public
as $$ select distinct r.tenant from reservation r where r.status in ('held', 'captured') $$;

revoke all on function tenants_with_reservations_1() from public;

grant execute on function tenants_with_reservations_1() to creditrisk_app;
