-- What the document under check changes in stored papers, as in 0030, but: a paper whose open amount was stated gets back
-- no more than makes it whole.
create or replace function document_adjustments_2(p_tenant text, p_company text, p_document jsonb, p_count_held boolean)
returns table (sign int, line paper_line, linked boolean)
language plpgsql stable
as $$
declare
    v_stored paper;
    v_target paper;
    v_link record;
    v_currency text;
    v_taken jsonb;
    v_content jsonb;
    v_open numeric;
    v_whole numeric;
    v_key text;
begin
    linked := false;
    select * into v_stored from paper
    where tenant = p_tenant and company = p_company
      and kind = p_document ->> 'kind' and number = p_document ->> 'number';
    if found and (v_stored.line).category is not null then
        sign := -1; line := v_stored.line; return next;
    end if;
    if v_stored.kind = 'invoice' and v_stored.posted_by > 0 then
        -- The invoice is in the ledger already: the open items that name it stand for it, and go out with it.
        for v_target in
            select p.* from paper p
            where p.tenant = p_tenant and p.company = p_company and p.posted_invoice = v_stored.number and p.present
              and (p.line).category is not null
        loop
            sign := -1; line := v_target.line; return next;
        end loop;
    end if;
    linked := true;
    for v_link in
        select link.kind, link.number, link.currency, sum(link.back) as back, sum(link.pass) as pass
        from (
            select l.kind, l.number, l.currency, l.amount as back, 0::numeric as pass
            from paper_links(v_stored.kind, v_stored.present, v_stored.content) as l
            where l.what = 'take'
            union all
            select f ->> 'kind', f ->> 'number',
                   coalesce(f ->> 'currency', p_document ->> 'currency'),
                   0, coalesce((f ->> 'total')::numeric, (p_document ->> 'total')::numeric)
            from jsonb_array_elements(p_document -> 'follows') as f
        ) as link
        group by link.kind, link.number, link.currency
    loop
        select * into v_target from paper
        where tenant = p_tenant and company = p_company and kind = v_link.kind and number = v_link.number and present;
        continue when not found or (v_target.content ->> 'currency') is distinct from v_link.currency;
        -- A held paper that does not count has nothing in exposure to give up.
        continue when not p_count_held and exists (
            select from hold h
            where h.tenant = p_tenant and h.company = p_company and h.kind = v_link.kind and h.number = v_link.number
              and h.status = 'open');
        v_taken := v_target.taken;
        v_content := v_target.content;
        if v_content ? 'open_amount' then
            -- The statement wins over stored links. One made after the link already has it in; one made before has not.
            v_open := (v_content ->> 'open_amount')::numeric;
            if v_target.stated_at > v_stored.linked_at then
                v_whole := (v_content ->> 'total')::numeric;
                v_open := case
                    when v_whole < 0 then least(v_open, greatest(v_open + v_link.back, v_whole))
                    else greatest(v_open, least(v_open + v_link.back, v_whole)) end;
            end if;
            v_open := v_open - v_link.pass;
            v_open := case when (v_content ->> 'total')::numeric < 0 then least(v_open, 0) else greatest(v_open, 0) end;
            v_content := jsonb_set(v_content, '{open_amount}', to_jsonb(v_open::text));
        else
            v_taken := add_taken(v_taken, jsonb_build_object(v_link.currency, v_link.pass - v_link.back));
        end if;
        if (v_target.line).category is not null then
            sign := -1; line := v_target.line; return next;
        end if;
        line := line_of(v_target.kind, v_target.customer, v_target.present, v_content, v_taken, v_target.posted_by);
        if line.category is not null then
            sign := 1; return next;
        end if;
    end loop;
end
$$;
