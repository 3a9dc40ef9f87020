-- What a reservation sets aside while it lives; and how much of that is in its account's sum. Where both are the same the
-- reservation needs no look: no paper is stored under its number and it takes nothing of any, unless reservation_met
-- names it. Releases and captures change the first alone, and so does a process of an older release, which knows nothing
-- of sums: readers see the difference, and the sweeper settles it.
alter table reservation
    add column owed numeric generated always as (
        case status when 'held' then amount when 'captured' then captured_amount end) stored,
    add column counted numeric;

create index ix_reservation_apart on reservation (tenant, company, account, created_at)
    where counted is distinct from owed;

create index ix_reservation_lapsing on reservation (tenant, company, account, expires_at) where status = 'held';

-- The sum over `reservation.counted` of an account.
create table reserved_sum (
    tenant text collate "C" not null,
    company text collate "C" not null,
    account text collate "C" not null,
    currency text collate "C" not null,
    reservations bigint not null,
    amount numeric not null,
    constraint pk_reserved_sum primary key (tenant, company, account, currency)
) with (fillfactor = 50); -- changed by every batch that reserves

-- Reservations under whose number a paper was written. The writer of the paper says so here and not in the row of the
-- reservation: he may take long, and nobody who reserves is to wait for him.
create table reservation_met (
    tenant text collate "C" not null,
    company text collate "C" not null,
    account text collate "C" not null,
    id uuid not null,
    constraint pk_reservation_met primary key (tenant, company, account, id)
);

do $$
declare
    name text;
begin
    foreach name in array array['reserved_sum', 'reservation_met'] loop
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

-- Work for the sweeper is also what has ended and is in a sum yet.
alter policy sweep on reservation using (status in ('held', 'captured') or counted is distinct from owed);

create function tenants_with_reservations_2() returns setof text
language sql stable security definer
set search_path = pg_catalog, public
as $$
select r.tenant from reservation r where r.status in ('held', 'captured')
union
select r.tenant from reservation r where r.counted is distinct from r.owed
$$;

revoke all on function tenants_with_reservations_2() from public;

grant execute on function tenants_with_reservations_2() to creditrisk_app;
