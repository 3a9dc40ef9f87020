-- The last statement that changed the paper, where it was stated again unchanged since.
alter table paper add column changed_at timestamptz;

-- When a document arrived that may have been reserved: stated as something new, or named by an open item.
create function arrived_at_1(stated_at timestamptz, changed_at timestamptz, posted_at timestamptz) returns timestamptz
language sql immutable parallel safe
return greatest(coalesce(changed_at, stated_at), posted_at);

-- A feed that states everything anew says nothing of an edit that is reserved, and not sent yet. A reservation of no more
-- than is stored ends with it all the same: nothing more is to come.
create function note_restatement_1() returns trigger
language plpgsql
as $$
declare
    v_reserved reservation;
    v_bearer text;
begin
    if new.outcome <> 'unchanged' or new.version is distinct from old.version then
        new.changed_at := null;
        return new;
    end if;
    select * into v_reserved from reservation r
    where r.tenant = old.tenant and r.company = old.company and r.kind = old.kind and r.number = old.number
        and r.status in ('held', 'captured')
    order by r.created_at -- which leaves one index to use, however small the table was when the plan was made
    limit 1;
    if found and (old.line).currency = v_reserved.currency
        and coalesce(v_reserved.captured_amount, v_reserved.amount) + v_reserved.passed_on
            - greatest(0, coalesce((old.taken ->> v_reserved.currency)::numeric, 0)) <= (old.line).open_amount
        and not exists (
            select from hold h
            where h.tenant = old.tenant and h.company = old.company and h.kind = old.kind and h.number = old.number
              and h.status = 'open')
    then
        select c.risk_customer into v_bearer from customer c
        where c.tenant = old.tenant and c.customer = (old.line).customer and not (old.line).billed;
        if coalesce(v_bearer, (old.line).customer) = v_reserved.account then
            new.changed_at := null;
            return new;
        end if;
    end if;
    new.changed_at := coalesce(old.changed_at, old.stated_at);
    return new;
end
$$;

create trigger restated before update on paper
for each row when (new.stated_at <> old.stated_at and (new.outcome = 'unchanged' or old.changed_at is not null))
execute function note_restatement_1();
