-- What is reserved, as in 0038, but: it is told what documents take and give back more where their stored version does
-- not count, which is the policy's to say, and what documents of other accounts will take of the one under check; and
-- what is given back to papers of other accounts counts there.
create or replace function reserved_3(
    p_tenant text, p_company text, p_risk_id text, p_companies text[], p_customers text[], p_document jsonb,
    p_count_held boolean, p_now timestamptz, p_out uuid[], p_singly uuid[]
) returns jsonb
language plpgsql stable
-- What is told of one another here may be hundreds of documents, which nobody estimates: each join of theirs is to be
-- looked up, not gone through. What is looked up in tables is written so that nothing else can be done.
set enable_hashjoin = on
set enable_nestloop = off
as $$
declare
    v_targets uuid[]; -- in the sums, but others take of their documents
begin
    v_targets := array(
        select distinct r.id
        from (
            select s.company, f.kind, f.number from reservation s
            cross join lateral jsonb_to_recordset(s.claims) as f (kind text, number text)
            where s.tenant = p_tenant and s.id = any(p_singly)
            union all
            select p_company, l.kind, l.number from passed_on_1(p_tenant, p_company, p_document) as l
        ) as d
        cross join lateral (
            select r.id, r.company, r.account, r.counted from reservation r
            where r.tenant = p_tenant and r.company = d.company and r.kind = d.kind and r.number = d.number
                and r.status in ('held', 'captured') and r.counted = r.owed
            order by r.created_at
            offset 0
        ) as r
        join unnest(p_companies, p_customers) as m (company, customer)
            on m.company = r.company and m.customer = r.account
        where r.id <> all(coalesce(p_out, '{}')));
    return (with
    live as materialized (
        select r.id, r.company, r.kind, r.number, r.account, r.currency, r.created_at, r.claims, s.bearer,
            r.captured_amount, k.taken, k.whole,
            -- Less than nothing where followers have taken more than there is: they may give it back.
            k.whole - greatest(0, k.taken) as amount,
            -- An order that counts whole was reserved whole, unless all of it had been taken.
            case when r.kind = 'order' then coalesce(nullif(k.reserved, 0), k.whole) end as counts_whole,
            nullif(p.taken - r.currency, '{}') as taken_across,
            p.stored,
            -- The stored document, where it counts: in the same currency, or in another one.
            case when (t.line).currency = r.currency then t.line end as line,
            case when (t.line).currency <> r.currency then t.line end as elsewhere,
            case when (t.line).currency = r.currency then given_back_beyond_1(p.stored) else 0 end as over
        from (
            select r.* from reservation r
            where r.tenant = p_tenant and r.id = any(coalesce(p_singly, '{}') || v_targets)
            offset 0
        ) as r
        left join lateral (
            select p as stored, p.* from paper p
            where p.tenant = p_tenant and p.company = r.company and p.kind = r.kind and p.number = r.number
            offset 0
        ) as p on true
        cross join lateral (
            select coalesce((p.taken ->> r.currency)::numeric, 0) as taken,
                coalesce(r.captured_amount, r.amount) as reserved,
                coalesce(r.captured_amount, r.amount) + r.passed_on as whole
        ) as k
        left join lateral (select stored_line_1(p.stored) as line where p.number is not null) as f on true
        left join lateral (
            select coalesce(
                case when not (f.line).billed then (
                    select c.risk_customer from customer c
                    where c.tenant = p_tenant and c.customer = (f.line).customer) end,
                (f.line).customer) as bearer
        ) as s on true
        -- As far as it is in the exposure of these accounts.
        left join lateral (
            select f.line
            where (p.company, s.bearer) in (
                    select m.company, m.customer from unnest(p_companies, p_customers) as m (company, customer))
                and (p_count_held or not exists (
                    select from hold h
                    where h.tenant = p_tenant and h.company = p.company and h.kind = p.kind and h.number = p.number
                      and h.status = 'open'))
        ) as t on true
        where reservation_state(
                r.status, r.created_at, r.expires_at,
                arrived_at_1(r.status, r.is_edit, r.resolved_at, p.stated_at, p.changed_at, p.posted_at), p_now)
                in ('held', 'captured')
            and (r.company, r.kind, r.number)
                is distinct from (p_company, p_document ->> 'kind', p_document ->> 'number')
            -- Nor for an invoice in the ledger of which nothing is open any more, as was stated since.
            and not (
                p.kind = 'invoice' and p.posted_by > 0
                and exists (
                    select from paper i
                    where i.tenant = p_tenant and i.company = p.company and i.posted_invoice = p.number and i.present
                        and arrived_at_1(r.status, r.is_edit, r.resolved_at, i.stated_at, i.changed_at, null)
                            > r.created_at)
                and not exists (
                    select from paper i
                    where i.tenant = p_tenant and i.company = p.company and i.posted_invoice = p.number and i.present
                        and (i.line).category is not null))
    ),
    -- The open items that stand for an invoice in the ledger; what is reserved is shared out among them, in turn.
    item as (
        select i.id, i.line, i.place,
            case when i.place = i.places then greatest(0, i.amount - i.before)
                else least((i.line).open_amount, greatest(0, i.amount - i.before)) end as amount
        from (
            select l.id, l.amount, t.line, row_number() over in_turn as place,
                count(*) over (partition by l.id) as places,
                sum((t.line).open_amount) over in_turn - (t.line).open_amount as before
            from live l
            cross join lateral (
                select p.number, p.line from paper p
                where p.tenant = p_tenant and p.company = l.company and p.posted_invoice = l.number and p.present
                    and (p.line).currency = l.currency and (p.line).open_amount > 0
                    and coalesce(
                        case when not (p.line).billed then (
                            select c.risk_customer from customer c
                            where c.tenant = p_tenant and c.customer = (p.line).customer) end,
                        (p.line).customer) = l.account
                offset 0
            ) as t
            where (l.stored).kind = 'invoice' and (l.stored).posted_by > 0
            window in_turn as (partition by l.id order by t.number)
        ) as i
    ),
    passed as (select * from passed_on_1(p_tenant, p_company, p_document)),
    -- What each takes of papers beyond what its stored version has taken.
    net as (
        select l.id, l.company, f.kind, f.number, f.currency, sum(f.amount) as amount,
            sum(greatest(0, -sum(f.amount))) over (
                partition by l.company, f.kind, f.number, f.currency) as returned
        from live l
        cross join lateral (
            select c.kind, c.number, c.currency,
                case when l.captured_amount is null then c.amount else least(c.amount, l.whole) end as amount
            from jsonb_to_recordset(l.claims) as c (kind text, number text, currency text, amount numeric)
            union all
            select k.kind, k.number, k.currency, -k.amount
            from paper_links((l.stored).kind, (l.stored).present, (l.stored).content) as k
            left join lateral (
                select t.content, t.stated_at from paper t
                where t.tenant = p_tenant and t.company = l.company and t.kind = k.kind and t.number = k.number
                offset 0
            ) as t on true
            where k.what = 'take'
                and not coalesce(t.content ? 'open_amount' and t.stated_at <= (l.stored).linked_at, false)
        ) as f
        -- What the ERP states of a paper afterwards wins, as with links of stored papers.
        left join lateral (
            select t.content, t.stated_at from paper t
            where t.tenant = p_tenant and t.company = l.company and t.kind = f.kind and t.number = f.number
            offset 0
        ) as t on true
        where not coalesce(t.content ? 'open_amount' and t.stated_at > l.created_at, false)
        group by l.id, l.company, f.kind, f.number, f.currency
        having sum(f.amount) <> 0
    ),
    -- These papers as they are stored, where they count, and who bears them.
    source as (
        select n.company, n.kind, n.number, t.line, t.over,
            coalesce(
                case when not (t.line).billed then (
                    select c.risk_customer from customer c
                    where c.tenant = p_tenant and c.customer = (t.line).customer) end,
                (t.line).customer) as account
        from (select distinct company, kind, number from net) as n
        cross join lateral (
            select stored_line_1(p) as line, given_back_beyond_1(p) as over from paper p
            where p.tenant = p_tenant and p.company = n.company and p.kind = n.kind and p.number = n.number
            offset 0
        ) as t
        where (t.line).category is not null
            and (p_count_held or not exists (
                select from hold h
                where h.tenant = p_tenant and h.company = n.company and h.kind = n.kind and h.number = n.number
                  and h.status = 'open'))
    ),
    change as (
        select l.id, l.company, n.kind, n.number, n.currency, n.amount, n.currency = l.currency as comparable,
            l.currency as own_currency, l.elsewhere is not null or l.taken_across is not null as unknown,
            g.gain as adds, least(g.gain, 0) as lessens,
            -- The same where others claim what they can of the document: what they take anyway is not less.
            case when w.document_across then 0
                else least(greatest(0, g.gain + h.stored - w.of_document) - greatest(0, h.stored - w.of_document), 0)
            end as lessens_beyond,
            -- Where this does not count, the document adds all it is, and lessens nothing.
            case when k.open_amount is null then l.line end as version,
            greatest(0, l.amount) as adds_alone,
            -- Whether it is always so to the account of the paper alone, which does not bear what is stored; or
            -- never, as it will not bear the document.
            case when n.amount < 0 and a.account <> l.bearer then true
                when n.amount >= 0 and a.account <> l.account then false
                when n.amount >= 0 and l.bearer <> l.account then true end as alone,
            t.open_amount,
            -- What is in the account's own exposure stays there until a document of another account is stored.
            coalesce(a.account <> l.account, false) as by_others,
            -- What exposure gives up for it, also of what others give back; or, less than nothing, what it gets back:
            -- of the same account, to be room for others. In another currency it may be all.
            case when n.amount >= 0 and t.account is null
                then case when o.id is not null or s.account is not null then n.amount else 0 end
                when n.amount >= 0
                then greatest(0, t.open_amount + n.returned + coalesce(d.returned, 0))
                    - greatest(0, t.open_amount + n.returned + coalesce(d.returned, 0) - n.amount)
                when t.account = l.account and not w.across
                then greatest(-t.taken, greatest(0, t.open_amount) - greatest(0, t.open_amount - n.amount))
                else 0 end as gives,
            -- What it gets back at most.
            case when n.amount < 0 and t.account is null and a.account is not null then n.amount
                when n.amount < 0 and t.account is not null
                then greatest(0, t.open_amount) - greatest(0, t.open_amount - n.amount)
                else 0 end as gives_beyond
        from net n
        join live l on l.id = n.id
        left join (
            select k.kind, k.number, k.currency, greatest(0, -k.amount) as returned from passed k
        ) as d on l.company = p_company and d.kind = n.kind and d.number = n.number and d.currency = n.currency
        -- What the paper is open with, reserved or stored; nothing of one that does not count.
        left join live o on o.company = n.company and o.kind = n.kind and o.number = n.number
        left join source s on s.company = n.company and s.kind = n.kind and s.number = n.number
        -- Only amounts in one currency can be compared here.
        cross join lateral (
            select o.currency = n.currency and o.taken_across is null as reserved,
                (o.id is null or o.currency <> n.currency)
                    and (s.line).currency = n.currency and (s.line).status = '' as stored
        ) as c
        cross join lateral (
            select case when c.reserved then o.account when c.stored then s.account end as account,
                case when c.reserved then greatest(o.amount, (o.line).open_amount)
                    when c.stored then (s.line).open_amount end as open_amount,
                -- No more counts again than others have taken.
                greatest(0, case when c.reserved then o.taken
                    when c.stored then (s.line).total_amount - (s.line).open_amount end) as taken
        ) as t
        -- Who bears it, or will: of the document under check whoever is checked.
        cross join lateral (
            select case when (n.company, n.kind, n.number)
                        is not distinct from (p_company, p_document ->> 'kind', p_document ->> 'number')
                then p_risk_id else coalesce(t.account, o.account, s.account) end as account
        ) as a
        -- What others claim at most of the document, and whether they claim of it, or of what it gives back to, in
        -- another currency.
        cross join lateral (
            select coalesce(sum(w.amount) filter (
                    where w.company = l.company and w.kind = l.kind and w.number = l.number), 0) as of_document,
                coalesce(bool_or(w.currency <> l.currency) filter (
                    where w.company = l.company and w.kind = l.kind and w.number = l.number), false) as document_across,
                coalesce(bool_or(w.currency <> n.currency) filter (
                    where w.company = n.company and w.kind = n.kind and w.number = n.number), false) as across
            from net w where n.amount < 0 and w.amount > 0 and w.id <> l.id
        ) as w
        -- What is reserved beyond what is stored, once followers have taken theirs of both.
        cross join lateral (select sum((i.line).open_amount) as open_amount from item i where i.id = l.id) as k
        cross join lateral (
            select case when k.open_amount is not null then l.whole - k.open_amount
                else greatest(0, l.amount) - greatest(0, coalesce((l.line).open_amount, 0)) end as gain
        ) as g
        cross join lateral (
            select coalesce(k.open_amount, greatest(0, (l.line).open_amount), 0) as stored
        ) as h
    ),
    -- A document that is not there yet frees nothing: papers give up no more than it adds, and get back no more than it
    -- would not have taken anyway, being smaller. What takes in another currency than its own is told of with the most
    -- that it may take, in its own; and where that cannot be said here it takes nothing.
    claim as (
        select c.company, c.kind, c.number, c.currency, c.most is not null as capped,
            sum(c.claimed) as amount, coalesce(sum(c.regained), 0) as regained,
            coalesce(min(coalesce(c.lessened, 0)) filter (where c.regained > 0), 0) as lessened,
            coalesce(sum(c.claimed) filter (where c.claimed > 0 and c.by_others), 0) as by_others,
            jsonb_agg(jsonb_build_array(
                    packed_line_1(true, c.version, 1), c.currency, c.more::text, c.alone))
                filter (where (c.version).category is not null and (c.more <> 0 or c.lessened > 0)) as uncounted,
            jsonb_agg(jsonb_build_array(c.currency, c.amount::text, c.own_currency, c.most::text))
                filter (where c.most is not null) as shares
        from (
            select c.*,
                case
                    when c.amount > 0 and (c.unknown or c.spent or not c.comparable) then 0
                    when c.unknown or not c.comparable then c.amount
                    when c.amount > 0 then least(c.amount, c.room)
                    else -least(-c.amount, c.granted + greatest(0, -c.open_amount))
                end as claimed,
                case
                    when (c.version).category is null or c.unknown or not c.comparable then 0
                    when c.amount > 0 and c.spent then 0
                    when c.amount > 0
                    then least(c.amount, greatest(0, c.adds_alone + c.back - c.before)) - least(c.amount, c.room)
                    else least(-c.amount, c.granted + greatest(0, -c.open_amount))
                        - least(-c.amount, greatest(0, c.back_beyond - c.before) + greatest(0, -c.open_amount))
                end as more,
                case when c.amount > 0 and not (c.comparable or c.unknown or c.spent) then c.room end as most,
                case when c.kind = 'order' and c.amount < 0 then -c.amount end as regained,
                -- What the document is less lets others get the less back, and the rest of it then orders.
                case when c.kind = 'order' and c.amount < 0 and c.comparable and not c.unknown
                    then least(
                        case when c.regained_before - c.amount < c.regained_alike then -c.amount end,
                        greatest(0,
                            -c.lessens_beyond - c.regained_before
                            - coalesce(sum(-c.amount - c.granted) filter (
                                where c.kind <> 'order' and c.amount < 0 and c.comparable)
                                over (partition by c.id), 0)))
                    end as lessened
            from (
                select c.*, greatest(0, greatest(c.adds, 0) + greatest(c.back + c.lessens, 0) - c.before) as room,
                    least(-c.amount, greatest(0, c.back_beyond + c.lessens_beyond - c.before)) as granted
                from (
                    select c.*,
                        coalesce(sum(-least(c.gives, 0)) filter (where c.comparable) over alike, 0) as back,
                        coalesce(sum(-least(c.gives_beyond, 0)) filter (where c.comparable) over alike, 0)
                            as back_beyond,
                        coalesce(sum(-c.amount) filter (
                            where c.kind = 'order' and c.amount < 0 and c.comparable) over preceding, 0)
                            as regained_before,
                        coalesce(sum(-c.amount) filter (
                            where c.kind = 'order' and c.amount < 0 and c.comparable) over alike, 0)
                            as regained_alike,
                        coalesce(
                            sum(case when c.amount < 0 and c.by_others then -c.gives_beyond else abs(c.gives) end)
                                filter (where c.comparable) over preceding, 0) as before,
                        coalesce(bool_or(not c.comparable) over preceding, false) as spent
                    from change c
                    window alike as (partition by c.id), preceding as (
                        partition by c.id, c.amount > 0
                        -- The document under check last: what it will have is not known here.
                        -- To others first, whom nothing that becomes less makes up for what comes back.
                        order by (c.company, c.kind, c.number) is not distinct from
                            (p_company, p_document ->> 'kind', p_document ->> 'number'),
                            coalesce(c.amount < 0 and c.alone, false) desc, c.kind, c.number
                        rows between unbounded preceding and 1 preceding)
                ) as c
            ) as c
        ) as c
        group by c.company, c.kind, c.number, c.currency, c.most is not null
    ),
    -- The same by document: {currency: amount}, and [[currency, amount, own currency, most]].
    claims as (
        select c.company, c.kind, c.number,
            coalesce(jsonb_object_agg(c.currency, c.amount::text) filter (where c.amount <> 0), '{}') as amounts,
            jsonb_path_query_array(jsonb_agg(c.shares) filter (where c.capped), '$[*][*]') as capped,
            jsonb_object_agg(c.currency, c.regained::text) filter (where c.regained > 0) as regained,
            -- Any one of the documents may be stored before the others, which then count with all they are still.
            case when count(*) filter (where c.regained > 0) = 1
                then jsonb_object_agg(c.currency, c.lessened::text) filter (where c.lessened > 0) end as lessened,
            jsonb_object_agg(c.currency, c.by_others::text) filter (where c.by_others > 0) as by_others,
            jsonb_path_query_array(
                jsonb_agg(c.uncounted) filter (where c.uncounted is not null), '$[*][*]') as uncounted
        from claim c
        where c.amount <> 0 or c.capped or c.regained > 0 or c.by_others > 0 or c.uncounted is not null
        group by c.company, c.kind, c.number
    ),
    passing as (
        select p.kind, p.number, jsonb_object_agg(p.currency, p.amount::text) as amounts
        from passed p
        where p.amount <> 0
        group by p.kind, p.number
    ),
    -- Stored papers of which a part will be taken or given back, but for which nothing is reserved themselves.
    claimed as (
        select c.company, c.kind, c.number, s.account, s.line, s.over, c.amounts, c.capped, c.regained, c.lessened,
            c.by_others, c.uncounted
        from claims c
        join source s on s.company = c.company and s.kind = c.kind and s.number = c.number
        where (c.company, c.kind, c.number)
                is distinct from (p_company, p_document ->> 'kind', p_document ->> 'number')
            and not exists (
                select from live l where l.company = c.company and l.kind = c.kind and l.number = c.number)
    ),
    met as (
        select l.company, l.kind, l.number, l.account, l.currency, coalesce(i.amount, l.amount) as amount,
            coalesce(i.line, case when l.bearer = l.account then l.line end) as line,
            case when i.id is null and l.bearer = l.account then l.elsewhere end as elsewhere,
            case when coalesce(i.place, 1) = 1 then c.amounts end as claimed,
            case when coalesce(i.place, 1) = 1 then c.capped end as capped,
            coalesce(i.place, 1) = 1 as passes, false as moved,
            l.taken, case when i.id is null then l.taken_across end as taken_across,
            case when i.id is null and l.bearer = l.account then l.over else 0 end as over, c.regained,
            c.lessened, l.counts_whole, c.by_others,
            case when coalesce(i.place, 1) = 1 then c.uncounted end as uncounted
        from live l
        left join item i on i.id = l.id
        left join claims c on c.company = l.company and c.kind = l.kind and c.number = l.number
        union all
        -- A document that moves to another account: judged together, both are not counted.
        select l.company, l.kind, l.number, l.bearer, l.currency, 0, l.line, null,
            jsonb_build_object(l.currency, greatest(l.amount, 0)::text), null, true, true, null, null, 0,
            null, null, null, null, null
        from live l where l.bearer <> l.account and (l.line).category is not null
        union all
        select c.company, c.kind, c.number, c.account, (c.line).currency, least((c.line).open_amount, 0), c.line, null,
            c.amounts, c.capped, true, false, null, null, c.over, c.regained, c.lessened, null,
            c.by_others, c.uncounted
        from claimed c
    ),
    entry as materialized (
        select m.company = p_company and m.account = p_risk_id and not m.moved as own, m.currency, m.amount, m.line,
            m.elsewhere, m.kind = 'order' as is_order,
            coalesce((m.line).category, (m.elsewhere).category) is not null as is_stored,
            coalesce((m.claimed ->> m.currency)::numeric, 0) as claimed,
            -- Of what is only reserved the document under check takes it before the others.
            case when m.line is null and m.elsewhere is null and m.taken is not null
                then greatest(0, -m.taken - g.passed)
                else m.over end as over,
            coalesce((m.regained ->> m.currency)::numeric, 0) as regained,
            coalesce((m.lessened ->> m.currency)::numeric, 0) as lessened,
            coalesce(m.counts_whole, 0) as counts_whole, coalesce(m.taken, 0) as taken,
            coalesce((m.by_others ->> m.currency)::numeric, 0) as by_others, m.uncounted,
            -- A credit note takes nothing of what is only reserved.
            case when m.line is null and m.taken is not null
                then greatest(0, m.taken + g.passed) - greatest(0, m.taken)
                else g.passed end as passed,
            case
                when m.taken_across is not null or m.claimed - m.currency <> '{}' or m.capped is not null
                    or d.amounts - m.currency <> '{}' or m.regained - m.currency <> '{}'
                then jsonb_build_object(
                    'taken', m.taken_across, 'claimed', m.claimed - m.currency, 'capped', m.capped,
                    'passed', d.amounts - m.currency, 'regained', m.regained - m.currency,
                    'lessened', m.lessened - m.currency, 'by_others', m.by_others - m.currency)
            end as across
        from met m
        join unnest(p_companies, p_customers) as a (company, customer)
            on a.company = m.company and a.customer = m.account
        left join passing d on m.passes and m.company = p_company and d.kind = m.kind and d.number = m.number
        cross join lateral (select coalesce((d.amounts ->> m.currency)::numeric, 0) as passed) as g
    )
    select jsonb_build_object(
        'sums', (
            select jsonb_agg(jsonb_build_array(s.own, s.currency, s.reservations, s.amount::text))
            from (
                select t.own, t.currency, sum(t.reservations) as reservations, sum(t.amount) as amount
                from (
                    select r.own, r.currency, r.reservations, r.amount
                    from reserved_sums_1(
                        p_tenant, p_company, p_risk_id, p_companies, p_customers, p_out || v_targets) as r
                    union all
                    select e.own, e.currency, 1, greatest(e.amount, 0) from entry e
                    where not e.is_stored and e.claimed = 0 and e.passed = 0 and e.across is null
                        and e.by_others = 0 and e.uncounted is null
                ) as t
                group by t.own, t.currency
                having sum(t.reservations) <> 0
            ) as s),
        'singly', s.singly,
        -- Which of them are orders, how they are stored in another currency, what is taken of them in others, what was
        -- or will be given back to them, and what is claimed more where a stored version does not count:
        -- [[version, currency, amount, alone]]. Apart, because processes of the release before know six parts.
        'orders', s.orders,
        'elsewhere', s.elsewhere,
        'across', s.across,
        'beyond', s.beyond,
        'uncounted', s.uncounted,
        'claimed', d.amounts ->> (p_document ->> 'currency'),
        'claimed_elsewhere', nullif(d.amounts - (p_document ->> 'currency'), '{}'),
        'claimed_capped', d.capped,
        'claimed_by_others', d.by_others,
        'claimed_uncounted', d.uncounted,
        'regained', d.regained,
        'lessened', d.lessened)
    from (
        select jsonb_agg(e.is_order) as orders,
            jsonb_agg(case when (e.elsewhere).category is not null then packed_line_1(e.own, e.elsewhere, 1) end)
                as elsewhere,
            case when bool_or(e.across is not null) then jsonb_agg(e.across) end as across,
            case when bool_or(e.over > 0 or e.regained > 0 or e.counts_whole > 0 or e.by_others > 0) then jsonb_agg(
                jsonb_build_array(
                    e.over::text, e.regained::text, e.lessened::text, e.counts_whole::text, e.taken::text,
                    e.by_others::text))
                end as beyond,
            case when bool_or(e.uncounted is not null) then jsonb_agg(e.uncounted) end as uncounted,
            jsonb_agg(jsonb_build_array(
                e.own, e.currency, e.amount::text, e.claimed::text, e.passed::text,
                case when (e.line).category is not null then packed_line_1(e.own, e.line, 1) end)) as singly
        from entry e
        where e.is_stored or e.claimed <> 0 or e.passed <> 0 or e.across is not null or e.by_others > 0
            or e.uncounted is not null
    ) as s
    left join claims d
        on d.company = p_company and d.kind = p_document ->> 'kind' and d.number = p_document ->> 'number');
end
$$;
