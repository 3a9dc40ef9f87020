-- What a paper's statement takes from other papers, as [{kind, number, currency, amount}] or, for an open item that
-- names its invoice, [{kind, number, posts}]. Null: nothing. A follower that states no amount passes on its own
-- total, not what is open of it: what was delivered stays delivered when the delivery is invoiced. A return takes
-- nothing of what comes back: it lowers by itself, and a delivery that is invoiced stays invoiced. Only a credit note
-- takes over the delivery of a return.
create or replace function links_of(kind text, content jsonb) returns jsonb
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
            from jsonb_array_elements(content -> 'follows') as f
            where (content ->> 'total')::numeric >= 0 or (kind = 'invoice' and f ->> 'kind' = 'delivery'));
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
