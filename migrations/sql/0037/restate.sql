-- Works out anew the papers of which others take in another currency, and what of them is in the sums.
do $$
declare
    name text;
    worked paper_applied[];
begin
    for name in
        select distinct tenant from paper
        where present and taken <> '{}' and taken - (content ->> 'currency') <> '{}' and not content ? 'open_amount'
    loop
        perform set_config('app.tenant', name, true);
        with written as (
            update paper set content = content, previous_line = line
            where tenant = name and present and taken <> '{}' and taken - (content ->> 'currency') <> '{}'
                and not content ? 'open_amount'
            returning *
        )
        select array_agg(
            row(null, company, kind, number, customer, null, source, 'unchanged', line, previous_line, links, links)
                ::paper_applied) into worked
        from written;
        perform apply_exposure_1(array(select c from bucket_changes(name, worked) as c));
    end loop;
    perform set_config('app.tenant', '', true);
end
$$;
