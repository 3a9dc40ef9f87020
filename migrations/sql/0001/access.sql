-- Row-level security: a connection sees the rows of the tenant it has set, and nothing without one. FORCE applies it
-- to the tables' owner too.
do $$
declare
    name text;
begin
    for name in
        select c.relname from pg_class c
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
            and c.relname <> 'alembic_version'
    loop
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

grant select on alembic_version to creditrisk_app; -- readiness compares the schema revision

-- Who calls is known only by the key, so the key is looked up before there is a tenant. The policy lets the owner,
-- whose rights find_api_key() runs with, read keys of every tenant; the service's own role gets nothing from it.
create policy lookup_by_hash on api_key for select to creditrisk_owner using (true);

create function find_api_key(key_hash bytea) returns setof api_key
language sql stable security definer
set search_path = pg_catalog, public
as $$ select k.* from api_key k where k.hash = key_hash $$;

revoke all on function find_api_key(bytea) from public;

grant execute on function find_api_key(bytea) to creditrisk_app;

-- Decision ids are UUIDv7: the first 48 bits are milliseconds since 1970, so a month is a range of ids.
create function first_uuid_of(instant timestamptz) returns uuid
language sql immutable strict parallel safe
return (rpad(lpad(to_hex((extract(epoch from instant) * 1000)::bigint), 12, '0'), 32, '0'))::uuid;

-- Makes the monthly partitions of decision from the month of `first` on; those that exist stay. Decisions that already
-- fell into the default partition move. Runs with the owner's rights because the service's role makes no tables; it
-- needs no grant on a partition, rows are reached through the parent only.
create function ensure_decision_partitions(first date, months integer) returns void
language plpgsql volatile security definer
set search_path = pg_catalog, public
as $$
declare
    month date;
    name text;
    low uuid;
    high uuid;
begin
    -- Service processes start together, and each asks for the same months.
    perform pg_advisory_xact_lock(hashtextextended('ensure_decision_partitions', 0));
    for month in
        select (date_trunc('month', first::timestamp) + make_interval(months => n))::date
        from generate_series(0, months - 1) as n
    loop
        name := 'decision_' || to_char(month, 'YYYYMM');
        continue when to_regclass('public.' || name) is not null;
        low := first_uuid_of(month::timestamp at time zone 'UTC');
        high := first_uuid_of((month + interval '1 month') at time zone 'UTC');
        execute format('create table public.%I (like public.decision including defaults including constraints)', name);
        execute format(
            'with moved as (delete from public.decision_default where id >= %L and id < %L returning *)
             insert into public.%I select * from moved', low, high, name);
        execute format(
            'alter table public.decision attach partition public.%I for values from (%L) to (%L)', name, low, high);
    end loop;
end
$$;

revoke all on function ensure_decision_partitions(date, integer) from public;

grant execute on function ensure_decision_partitions(date, integer) to creditrisk_app;
