-- As in 0030, and what stored papers have taken of the document in other currencies than its own.
-- What is stored about the document under check, and about documents on hold where those do not count; null where
-- there is nothing of it.
create or replace function document_facts_1(
    p_tenant text, p_company text, p_risk_id text, p_document jsonb, p_count_held boolean, p_companies text[],
    p_accounts text[], p_written_for text[], p_billed boolean[]
) returns jsonb
language plpgsql stable
as $$
declare
    v_number text := p_document ->> 'number';
    v_kind text := p_document ->> 'kind';
    v_stored boolean := false; -- there is a row, which another paper may have made
    v_present boolean := false;
    v_taken jsonb;
    v_owner text;
    v_adjustments jsonb;
    v_version jsonb; -- the stored version of the document, as the adjustments take it out
    v_holds jsonb;
    v_releases jsonb;
    v_held jsonb;
    v_superseding boolean := false; -- the document has a reservation already
begin
    if v_number is not null then
        select p.taken, p.content ->> 'owner', p.present into v_taken, v_owner, v_present from paper p
        where p.tenant = p_tenant and p.company = p_company and p.kind = v_kind and p.number = v_number;
        v_stored := found;
        if exists (
            select from hold h
            where h.tenant = p_tenant and h.company = p_company and h.kind = v_kind and h.number = v_number)
        then
            v_holds := (
                select jsonb_agg(jsonb_build_object('id', h.id, 'type', h.type))
                from hold h
                where h.tenant = p_tenant and h.company = p_company and h.kind = v_kind and h.number = v_number
                    and h.status = 'open');
            -- The newest of each checkpoint, the newest first.
            v_releases := (
                select jsonb_agg(jsonb_build_object(
                    'id', r.id, 'customer', r.customer, 'checkpoint', r.checkpoint, 'released_on', r.released_on,
                    'amount', r.authorised_amount::text, 'currency', r.currency, 'valid_until', r.valid_until,
                    'used', r.authorisation_used) order by r.closed_at desc, r.id desc)
                from (
                    select distinct on (h.checkpoint) h.* from hold h
                    where h.tenant = p_tenant and h.company = p_company and h.kind = v_kind and h.number = v_number
                        and h.type = 'rule' and h.status = 'released' and h.authorised_amount is not null
                    order by h.checkpoint, h.closed_at desc, h.id desc
                ) as r);
        end if;
        v_superseding := exists (
            select from reservation r
            where r.tenant = p_tenant and r.company = p_company and r.kind = v_kind and r.number = v_number
                and r.status in ('held', 'captured'));
    end if;
    if v_stored or p_document -> 'follows' <> '[]' then
        select jsonb_agg(packed_line_1(s.account = p_risk_id, a.line, a.sign)),
            jsonb_agg(packed_line_1(s.account = p_risk_id, a.line, 1))
                filter (where not a.linked)
        into v_adjustments, v_version
        from document_adjustments_2(p_tenant, p_company, p_document, p_count_held) as a
        join unnest(p_companies, p_accounts, p_written_for, p_billed) as s (company, account, written_for, billed)
            on s.company = p_company and s.written_for = (a.line).customer and s.billed = (a.line).billed;
    end if;
    if not p_count_held then
        v_held := (
            select jsonb_agg(packed_line_1(s.account = p_risk_id and s.company = p_company, p.line, -1))
            from (
                -- By a check and by a person: a document may be held twice.
                select distinct h.company, h.kind, h.number from hold h
                where h.tenant = p_tenant and h.status = 'open'
                    and (h.company, h.kind, h.number) is distinct from (p_company, v_kind, v_number)
            ) as h
            join paper p on p.tenant = p_tenant and p.company = h.company and p.kind = h.kind and p.number = h.number
            join unnest(p_companies, p_accounts, p_written_for, p_billed) as s (company, account, written_for, billed)
                on s.company = p.company and s.written_for = (p.line).customer and s.billed = (p.line).billed
            where (p.line).category is not null);
    end if;
    if v_adjustments is null and v_holds is null and v_releases is null and v_held is null and not v_stored
        and not v_superseding
    then
        return null;
    end if;
    return jsonb_build_object(
        'adjustments', v_adjustments, 'version', v_version, 'holds', v_holds, 'releases', v_releases,
        -- For processes of the release before.
        'release', v_releases -> 0, 'held', v_held,
        'passed_on', v_taken ->> (p_document ->> 'currency'),
        'passed_elsewhere', nullif(v_taken - (p_document ->> 'currency'), '{}'),
        'owner', v_owner, 'stored', v_stored,
        'present', coalesce(v_present, false),
        'superseding', v_superseding);
end
$$;
