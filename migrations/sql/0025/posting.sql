-- When an open item last came to name this invoice: it has arrived in the ledger then, stated as a document or not.
alter table paper add column posted_at timestamptz;

create function note_posting_1() returns trigger
language plpgsql
as $$
begin
    new.posted_at := clock_timestamp();
    return new;
end
$$;

create trigger posted_when_written before insert on paper
for each row when (new.posted_by > 0) execute function note_posting_1();

create trigger posted_later before update on paper
for each row when (new.posted_by > old.posted_by) execute function note_posting_1();
