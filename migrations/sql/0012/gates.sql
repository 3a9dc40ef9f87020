-- Reservations and papers of one number may be written at the same moment, neither seeing the other. Each side raises a
-- flag before it looks at the flag of the other, so that one of them does see it; flags stand until the transaction ends.
-- Who writes a paper waits for reservations that are being written, and they take a moment only. Who reserves never
-- waits for papers: such a reservation is not counted in the sum of its account, until the sweeper has looked.

-- The lock that is the flag of a side; numbers share some, so that the longest import holds no more of them.
create function reserving_flag_1(p_tenant text, p_side text, p_company text, p_kind text, p_number text) returns bigint
language sql immutable parallel safe
return (hashtextextended('creditrisk ' || p_side || ' ' || p_tenant, 0) & ~63::bigint)
    | (hashtextextended(p_company || ' ' || p_kind || ' ' || p_number, 0) & 63);

-- Raises the flags of reservations; answers which numbers have no paper on its way, so that whoever writes one from now
-- on will wait for this transaction. Looking at a flag is taking and giving back the lock.
create function without_papers_1(p_tenant text, p_companies text[], p_kinds text[], p_numbers text[]) returns boolean[]
language plpgsql volatile
as $$
declare
    v_raised boolean[];
    v_quiet boolean[];
begin
    v_raised := array(
        select pg_try_advisory_xact_lock_shared(
            reserving_flag_1(p_tenant, 'reservation', d.company, d.kind, d.number))
        from unnest(p_companies, p_kinds, p_numbers) with ordinality as d (company, kind, number, position)
        order by d.position);
    begin
        v_quiet := array(
            select pg_try_advisory_xact_lock(reserving_flag_1(p_tenant, 'paper', d.company, d.kind, d.number))
            from unnest(p_companies, p_kinds, p_numbers) with ordinality as d (company, kind, number, position)
            order by d.position);
        raise exception 'seen' using errcode = 'CR001';
    exception when sqlstate 'CR001' then null; -- which gives the locks back
    end;
    return array(
        select s.raised and s.quiet from unnest(v_raised, v_quiet) with ordinality as s (raised, quiet, position)
        order by s.position);
end
$$;

-- Says of documents that were just written which reservations they meet.
create function meet_reservations_1(p_tenant text, p_companies text[], p_kinds text[], p_numbers text[]) returns void
language plpgsql volatile
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_nestloop = on
set enable_hashjoin = off
set enable_mergejoin = off
as $$
begin
    if p_numbers = '{}' then
        return;
    end if;
    perform pg_advisory_xact_lock_shared(f.flag) from (
        select distinct reserving_flag_1(p_tenant, 'paper', d.company, d.kind, d.number) as flag
        from unnest(p_companies, p_kinds, p_numbers) as d (company, kind, number)
    ) as f;
    begin
        perform pg_advisory_xact_lock(f.flag) from (
            select distinct reserving_flag_1(p_tenant, 'reservation', d.company, d.kind, d.number) as flag
            from unnest(p_companies, p_kinds, p_numbers) as d (company, kind, number)
            order by 1
        ) as f;
        raise exception 'seen' using errcode = 'CR001';
    exception when sqlstate 'CR001' then null;
    end;
    if exists (select from reservation r where r.tenant = p_tenant and r.status in ('held', 'captured')) then
        insert into reservation_met (tenant, company, account, id)
        select p_tenant, r.company, r.account, r.id
        from unnest(p_companies, p_kinds, p_numbers) as d (company, kind, number)
        cross join lateral (
            select r.company, r.account, r.id from reservation r
            where r.tenant = p_tenant and r.company = d.company and r.kind = d.kind and r.number = d.number
                and r.status in ('held', 'captured')
            order by r.created_at
            limit 1
        ) as r
        order by r.company, r.account, r.id
        on conflict do nothing;
    end if;
end
$$;

-- The two places that write papers say it of what they have written. Their names stay, so that it is said also for
-- processes of an older release.
alter function apply_papers_1(text, paper_work[]) rename to upsert_papers_1;

create function apply_papers_1(tenant_id text, work paper_work[]) returns setof paper_applied
language plpgsql volatile
as $$
begin
    return query select * from upsert_papers_1(tenant_id, work);
    perform meet_reservations_1(tenant_id, array_agg(w.company), array_agg(w.kind), array_agg(w.number))
    from unnest(work) as w
    where w.kind in ('quotation', 'order', 'delivery', 'invoice')
    having count(*) > 0;
end
$$;

alter function apply_snapshot_exposure_2(text, text) rename to apply_snapshot_buckets_2;

create function apply_snapshot_exposure_2(tenant_id text, company_id text) returns void
language plpgsql volatile
as $$
declare
    slice_size constant integer := 5000;
    written record;
begin
    for written in
        select array_agg(company_id) as companies, array_agg(d.kind) as kinds, array_agg(d.number) as numbers
        from (
            select a.kind, a.number, (row_number() over (order by a.kind, a.number) - 1) / slice_size as slice
            from staged_applied a where a.kind in ('quotation', 'order', 'delivery', 'invoice')
        ) as d
        group by d.slice
    loop
        perform meet_reservations_1(tenant_id, written.companies, written.kinds, written.numbers);
    end loop;
    perform apply_snapshot_buckets_2(tenant_id, company_id);
end
$$;
