-- The line of a stored paper or, where followers have taken all of it or more, one of which less than nothing is open:
-- they may give it back. Null: the paper does not count at all.
create function stored_line_1(p paper) returns paper_line
language sql immutable parallel safe
as $$
    select case when (p.line).category is not null then p.line else (
        select jsonb_populate_record(w.line, jsonb_build_object(
            'open_amount', (w.line).open_amount - (p.taken ->> (w.line).currency)::numeric))
        from (select line_of(p.kind, p.customer, p.present, p.content, '{}', p.posted_by) as line) as w
        where p.present and (w.line).category is not null and p.taken ? (w.line).currency
            and not p.content ? 'open_amount'
    ) end
$$;
