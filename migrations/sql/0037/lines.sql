-- What a paper contributes to exposure, as in 0029, but: what others take of it in another currency than its own stands
-- beside its open amount, because what is left depends on the rates of the day. It is told in the line's status, with
-- all that the amount depends on: so that papers in one bucket are alike in it, and the same is left of each.

-- {open, whole, prepaid, returned, taken}, the last two {currency: amount}: what is open, with what is returned no more
-- than the whole, less what is taken, within zero and the whole, and less what is prepaid.
create function status_of_taken(open_amount numeric, whole numeric, prepaid numeric, returned jsonb, taken jsonb)
returns text
language sql immutable parallel safe
return jsonb_strip_nulls(jsonb_build_object(
    'open', trim_scale(open_amount)::text, 'whole', trim_scale(whole)::text,
    'prepaid', nullif(trim_scale(prepaid), 0)::text,
    'returned', nullif(returned, '{}'), 'taken', nullif(taken, '{}')))::text;

create or replace function line_of(
    kind text, customer text, present boolean, content jsonb, taken jsonb, posted_by integer
) returns public.paper_line
language plpgsql immutable parallel safe
as $$
declare
    line public.paper_line;
    total numeric := (content ->> 'total')::numeric;
    prepaid numeric := coalesce((content ->> 'prepaid')::numeric, 0);
    left_open numeric;
    whole constant numeric := total;
    own_taken numeric;
    crossed boolean;
    p text := case when content -> 'printed' = 'true' then 'P' else '' end;
    c text := case when content -> 'confirmed' = 'true' then 'C' else '' end;
    b text := case when content ->> 'presented_on' is not null then 'B' else '' end;
begin
    if not present or content is null or content -> 'cancelled' = 'true' or content ->> 'settled_on' is not null then
        return null;
    end if;
    line.customer := coalesce(content ->> 'bill_to', customer);
    line.billed := content ->> 'bill_to' is not null;
    line.type := '';
    line.status := '';
    line.flags := '';
    line.currency := content ->> 'currency';
    line.due_on := 'infinity';
    line.since := '-infinity';
    line.credit := false;
    -- What the ERP states wins over what other papers take.
    own_taken := coalesce((taken ->> line.currency)::numeric, 0);
    left_open := coalesce((content ->> 'open_amount')::numeric, public.amount_left(total, own_taken));
    crossed := taken <> '{}' and taken - line.currency <> '{}' and not content ? 'open_amount'
        and (kind in ('delivery', 'invoice', 'open_item', 'other') or kind = 'order' and whole > 0);
    total := coalesce(total, left_open);

    case kind
    when 'order' then
        if content -> 'fulfilled' = 'true' then
            return null;
        end if;
        line.category := 'orders';
        line.type := coalesce(content ->> 'type', '');
        line.flags := p || c || case when content -> 'force_fulfilled' = 'true' then 'F' else '' end;
        -- A negative order lowers nothing until it is a delivery.
        left_open := greatest(0, public.net_of_prepaid(left_open, prepaid));
        total := greatest(0, public.net_of_prepaid(total, prepaid));
    when 'delivery' then
        if content -> 'invoiced' = 'true' then
            return null;
        end if;
        line.category := 'deliveries';
        line.type := coalesce(content ->> 'type', '');
        line.flags := p || c;
        line.since := coalesce(public.iso_date(content ->> 'date'), '-infinity');
        left_open := public.net_of_prepaid(left_open, prepaid);
        total := public.net_of_prepaid(total, prepaid);
    when 'invoice' then
        if content -> 'posted' = 'true' or posted_by > 0 then
            return null;
        end if;
        line.category := 'invoices';
        line.type := coalesce(content ->> 'type', '');
        line.flags := p || c || b;
        line.due_on := coalesce(public.iso_date(content ->> 'due_date'), 'infinity');
        line.since := coalesce(public.iso_date(content ->> 'date'), '-infinity');
        left_open := public.net_of_prepaid(left_open, prepaid);
        total := public.net_of_prepaid(total, prepaid);
    when 'open_item' then
        line.category := 'open_items';
        line.flags := case when content -> 'provisional' = 'true' then 'V' else '' end
            || case when content -> 'disputed' = 'true' then 'D' else '' end || b;
        line.due_on := coalesce(public.iso_date(content ->> 'due_date'), 'infinity');
        line.credit := left_open < 0 or crossed and whole < 0;
    when 'bill' then
        left_open := total;
        case coalesce(content ->> 'state', 'issued')
        when 'issued' then
            line.category := 'bills';
            line.status := 'issued';
        when 'presented' then
            line.category := 'bills';
            line.status := coalesce(content ->> 'presentation', 'subject_to_collection');
            line.due_on := coalesce(public.iso_date(content ->> 'due_date'), 'infinity');
        when 'endorsed' then
            line.category := 'bills';
            line.status := 'endorsed';
            line.due_on := coalesce(public.iso_date(content ->> 'due_date'), 'infinity');
        when 'returned' then
            if content -> 'posted_back' = 'true' then
                return null;
            end if;
            line.category := 'unpaid_bills';
        else
            return null;
        end case;
    when 'advance' then
        line.category := 'advances';
        line.since := coalesce(public.iso_date(content ->> 'effective_on'), 'infinity');
        left_open := -total;
        total := -total;
    when 'balance' then
        line.category := 'ledger_balance';
        line.since := coalesce(public.iso_date(content ->> 'date'), '-infinity');
        left_open := total;
    when 'payment' then
        line.category := 'open_items';
        -- How much of the money went where another currency is paid is not stated; what is left over then, if any, is
        -- nothing that lowers.
        left_open := case when exists (
            select from jsonb_array_elements(coalesce(content -> 'allocations', '[]')) as a
            where coalesce(a ->> 'currency', line.currency) <> line.currency and (a ->> 'amount')::numeric <> 0)
        then 0 else -public.amount_left(total, (
            select coalesce(sum((a ->> 'amount')::numeric), 0)
            from jsonb_array_elements(coalesce(content -> 'allocations', '[]')) as a)) end;
        total := left_open;
        line.credit := left_open < 0;
    when 'other' then
        line.category := 'other';
    else
        return null; -- a saved quotation never counts
    end case;

    -- What is taken in one currency may be given back in another.
    if left_open = 0 and not (crossed and exists (
        select from jsonb_each_text(taken - line.currency) as t where sign(t.value::numeric) = -sign(whole)))
    then
        return null;
    end if;
    line.open_amount := left_open;
    line.total_amount := total;
    if crossed then
        line.status := public.status_of_taken(whole - own_taken, whole, prepaid, '{}', taken - line.currency);
        -- A key of buckets, which an index holds: what is taken in dozens of currencies lowers nothing.
        if length(line.status) > 2000 then
            line.status := '';
        end if;
    end if;
    return line;
end
$$;
