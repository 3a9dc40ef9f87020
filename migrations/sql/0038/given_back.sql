-- What was given back to a paper in its currency, beyond what was taken: others take that of it first. Nothing where
-- the ERP states what is open.
create function given_back_beyond_1(p paper) returns numeric
language sql immutable parallel safe
return case
    when (p.line).category is not null and (p.line).total_amount > 0 and not p.content ? 'open_amount'
    then greatest(0, -coalesce((p.taken ->> (p.line).currency)::numeric, 0))
    else 0 end;
