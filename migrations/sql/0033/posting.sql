-- An invoice has also arrived in the ledger, and gone from it, where no open item names it any more.
create or replace trigger posted_later before update on paper
for each row when (new.posted_by is distinct from old.posted_by) execute function note_posting_1();
