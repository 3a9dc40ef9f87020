-- What the document under check changes in stored papers, as in 0036, but: also where it takes of papers, or gives back
-- to them, in another currency than theirs; and a paper whose open amount was stated is never left more than whole.
create or replace function document_adjustments_2(p_tenant text, p_company text, p_document jsonb, p_count_held boolean)
returns table (sign int, line paper_line, linked boolean)
language plpgsql stable
as $$
declare
    v_stored paper;
    v_target paper;
    v_link record;
    v_content jsonb;
    v_currency text;
    v_returns boolean; -- the target gets back what the stored version had taken
    v_stated numeric; -- what was stated to be open, and what it gets back
    v_total numeric;
    v_whole numeric; -- the most that may be open
    v_back numeric;
    v_open numeric;
    v_elsewhere jsonb; -- what it gets back in other currencies
    v_crossed boolean;
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
        select link.kind, link.number,
            coalesce(jsonb_object_agg(link.currency, link.back::text) filter (where link.back <> 0), '{}') as back,
            coalesce(jsonb_object_agg(link.currency, link.pass::text) filter (where link.pass <> 0), '{}') as pass,
            jsonb_object_agg(link.currency, (link.pass - link.back)::text) as more
        from (
            select each.kind, each.number, each.currency, sum(each.back) as back, sum(each.pass) as pass
            from (
                select l.kind, l.number, l.currency, l.amount as back, 0::numeric as pass
                from paper_links(v_stored.kind, v_stored.present, v_stored.content) as l
                where l.what = 'take'
                union all
                select f ->> 'kind', f ->> 'number',
                       coalesce(f ->> 'currency', p_document ->> 'currency'),
                       0, coalesce((f ->> 'total')::numeric, (p_document ->> 'total')::numeric)
                from jsonb_array_elements(p_document -> 'follows') as f
            ) as each
            group by each.kind, each.number, each.currency
        ) as link
        group by link.kind, link.number
    loop
        select * into v_target from paper
        where tenant = p_tenant and company = p_company and kind = v_link.kind and number = v_link.number and present;
        continue when not found;
        -- A held paper that does not count has nothing in exposure to give up.
        continue when not p_count_held and exists (
            select from hold h
            where h.tenant = p_tenant and h.company = p_company and h.kind = v_link.kind and h.number = v_link.number
              and h.status = 'open');
        v_content := v_target.content;
        v_currency := v_content ->> 'currency';
        if (v_target.line).category is not null then
            sign := -1; line := v_target.line; return next;
        end if;
        if v_content ? 'open_amount' then
            -- The statement wins over stored links. One made after the link already has it in; one made before has not.
            v_returns := coalesce(v_target.stated_at > v_stored.linked_at, false);
            v_stated := (v_content ->> 'open_amount')::numeric;
            v_total := coalesce((v_content ->> 'total')::numeric, v_stated);
            v_whole := case when v_total < 0 then least(v_total, v_stated) else greatest(v_total, v_stated) end;
            v_back := coalesce((case when v_returns then v_link.back ->> v_currency end)::numeric, 0);
            v_stated := case
                when v_total < 0 then least(v_stated, greatest(v_stated + v_back, v_whole))
                else greatest(v_stated, least(v_stated + v_back, v_whole)) end;
            v_open := v_stated - coalesce((v_link.pass ->> v_currency)::numeric, 0);
            v_open := case when v_total < 0 then greatest(least(v_open, 0), v_whole)
                else least(greatest(v_open, 0), v_whole) end;
            v_elsewhere := case when v_returns then v_link.back - v_currency else '{}' end;
            v_crossed := v_elsewhere <> '{}' or v_link.pass - v_currency <> '{}';
            v_content := jsonb_set(
                v_content, '{open_amount}', to_jsonb((case when v_crossed then v_whole else v_open end)::text));
            line := line_of(v_target.kind, v_target.customer, true, v_content, '{}', v_target.posted_by);
            if v_crossed and (line).category is not null then
                line.open_amount := v_open;
                line.status := status_of_taken(
                    v_stated, v_whole, (v_content ->> 'prepaid')::numeric, v_elsewhere, v_link.pass);
            end if;
        else
            line := line_of(
                v_target.kind, v_target.customer, true, v_content, add_taken(v_target.taken, v_link.more),
                v_target.posted_by);
        end if;
        if line.category is not null then
            sign := 1; return next;
        end if;
    end loop;
end
$$;
