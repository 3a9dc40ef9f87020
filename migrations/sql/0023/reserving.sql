-- Resolves what has lapsed of some accounts, whose scopes the caller has locked. Goes account by account in a way that
-- no other plan can take, however small the table was when the plan was made.
create function resolve_lapsed_2(p_tenant text, p_companies text[], p_accounts text[], p_now timestamptz) returns void
language plpgsql volatile
as $$
declare
    v_lapsed uuid[];
begin
    v_lapsed := array(
        select r.id
        from (select distinct m.* from unnest(p_companies, p_accounts) as m (company, account)) as m
        cross join lateral (
            select r.id from reservation r
            where r.tenant = p_tenant and r.company = m.company and r.account = m.account and r.status = 'held'
                and r.expires_at <= p_now
            order by r.expires_at
            offset 0
        ) as r);
    if v_lapsed <> '{}' then
        perform from reservation r
        where r.tenant = p_tenant and r.id = any(v_lapsed) and r.status = 'held' and r.expires_at <= p_now
        order by r.id for no key update;
        perform resolve_reservations_2(p_tenant, v_lapsed, p_now);
    end if;
end
$$;
