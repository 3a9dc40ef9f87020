-- Makes partitions as ensure_decision_partitions does, and lets all of them keep decisions as they are. A decision is
-- some two thousand bytes of JSON: compressing that saves a third of it, and costs as much as all the rest of an insert.
create function ensure_decision_partitions_2(first date, months integer) returns void
language plpgsql volatile security definer
set search_path = pg_catalog, public
as $$
declare
    partition regclass;
begin
    perform ensure_decision_partitions(first, months);
    for partition in
        select c.oid::regclass from pg_inherits i
        join pg_class c on c.oid = i.inhrelid
        where i.inhparent = 'public.decision'::regclass and c.reloptions is null
        order by c.relname
    loop
        execute format('alter table %s set (toast_tuple_target = 8160)', partition);
    end loop;
end
$$;
