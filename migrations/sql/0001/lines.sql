-- What a paper contributes to exposure: its line. This file is the only place that says it; the paper's generated
-- column, the document under check and the verification all use line_of().
--
-- Names are schema-qualified inside the functions of generated columns, because a restore runs with an empty
-- search path.

-- category null: the paper is closed and counts nowhere (the whole line is null then).
-- customer: the bill_to where one is given (billed true), else the paper's customer.
-- A column that no policy can ask for in a category has a neutral value there, so that buckets stay few:
-- texts '', due_on 'infinity' (never due), since '-infinity' (always).
create type paper_line as (
    customer text collate "C",
    billed boolean,
    category text collate "C",
    type text collate "C",
    status text collate "C",
    flags text collate "C",
    currency text collate "C",
    due_on date,
    since date,
    credit boolean,
    open_amount numeric,
    total_amount numeric
);

-- A cast from text to date depends on settings and is not immutable; the parts of an ISO date are.
create function iso_date(iso text) returns date
language sql immutable strict parallel safe
return make_date(substr(iso, 1, 4)::integer, substr(iso, 6, 2)::integer, substr(iso, 9, 2)::integer);

-- What is left of an amount after others took from it: never past zero, and never more than the amount itself.
create function amount_left(total numeric, taken numeric) returns numeric
language sql immutable parallel safe
return case
    when total >= 0 then least(total, greatest(0, total - taken))
    else greatest(total, least(0, total - taken))
end;

-- The amount at risk once the prepaid part (a positive amount) is taken off; a return has nothing prepaid.
create function net_of_prepaid(amount numeric, prepaid numeric) returns numeric
language sql immutable parallel safe
return case when amount > 0 then greatest(0, amount - prepaid) else amount end;

create function line_of(
    kind text, customer text, present boolean, content jsonb, taken jsonb, posted_by integer
) returns public.paper_line
language plpgsql immutable parallel safe
as $$
declare
    line public.paper_line;
    total numeric := (content ->> 'total')::numeric;
    prepaid numeric := coalesce((content ->> 'prepaid')::numeric, 0);
    left_open numeric;
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
    left_open := coalesce(
        (content ->> 'open_amount')::numeric,
        public.amount_left(total, coalesce((taken ->> line.currency)::numeric, 0)));
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
        line.credit := left_open < 0;
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
        left_open := -public.amount_left(total, (
            select coalesce(sum((a ->> 'amount')::numeric), 0)
            from jsonb_array_elements(coalesce(content -> 'allocations', '[]')) as a
            where coalesce(a ->> 'currency', line.currency) = line.currency));
        total := left_open;
        line.credit := left_open < 0;
    when 'other' then
        line.category := 'other';
    else
        return null; -- a saved quotation never counts
    end case;

    if left_open = 0 then
        return null;
    end if;
    line.open_amount := left_open;
    line.total_amount := total;
    return line;
end
$$;

-- What a paper's statement takes from other papers, as [{kind, number, currency, amount}] or, for an open item that
-- names its invoice, [{kind, number, posts}]. Null: nothing. A follower that states no amount passes on its own
-- total, not what is open of it: what was delivered stays delivered when the delivery is invoiced.
create function links_of(kind text, content jsonb) returns jsonb
language plpgsql immutable parallel safe
as $$
begin
    if content is null or content -> 'cancelled' = 'true' then
        return null;
    elsif content ? 'follows' then
        return (
            select jsonb_agg(jsonb_build_object(
                'kind', f ->> 'kind', 'number', f ->> 'number',
                'currency', coalesce(case when f ->> 'total' is not null then f ->> 'currency' end, content ->> 'currency'),
                'amount', coalesce(f ->> 'total', content ->> 'total')))
            from jsonb_array_elements(content -> 'follows') as f);
    elsif content ? 'allocations' then
        return (
            select jsonb_agg(jsonb_build_object(
                'kind', 'open_item', 'number', a ->> 'item',
                'currency', coalesce(a ->> 'currency', content ->> 'currency'), 'amount', a ->> 'amount'))
            from jsonb_array_elements(content -> 'allocations') as a);
    elsif kind = 'open_item' and content #>> '{document,kind}' = 'invoice' then
        return jsonb_build_array(jsonb_build_object(
            'kind', 'invoice', 'number', content #>> '{document,number}', 'posts', 1));
    end if;
    return null;
end
$$;

-- The same as rows: what is 'take' (an amount) or 'post'. A paper that is not present takes nothing.
create function paper_links(kind text, present boolean, content jsonb)
returns table (what text, kind text, number text, currency text, amount numeric)
language sql immutable parallel safe
as $$
select case when l.posts is null then 'take' else 'post' end, l.kind, l.number, l.currency, l.amount
from jsonb_to_recordset(links_of($1, $3)) as l (
    kind text, number text, currency text, amount numeric, posts integer)
where present
$$;

-- The sum of two {currency: amount} maps; currencies that come to nothing disappear.
create function add_taken(stored jsonb, more jsonb) returns jsonb
language sql immutable parallel safe
return case when more = '{}' then stored else (
    select coalesce(jsonb_object_agg(currency, amount::text) filter (where amount <> 0), '{}')
    from (
        select currency, sum(value::numeric) as amount
        from (
            select key as currency, value from jsonb_each_text(stored)
            union all
            select key, value from jsonb_each_text(more)
        ) as both_maps
        group by currency
    ) as summed)
end;
