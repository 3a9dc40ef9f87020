-- What a snapshot does to a stored entry. It speaks of the moment it was taken, so what was written later wins, and
-- so does a higher version. Its own closing of an entry is no statement of the ERP's with a version: an entry that
-- comes back with the version it had is created again. What an entry of the same version says must be the same; that
-- another source says it now changes whose it is.
--
-- written: when the stored entry was last stated. last_taken: the last snapshot of this source, which is written under
-- its own instant; the next one may have been taken at the same.
create function snapshot_outcome(
    closes boolean, taken_at timestamptz, last_taken timestamptz, new_version bigint,
    old_version bigint, old_present boolean, written timestamptz, same_content boolean, same_source boolean
) returns text
language sql immutable parallel safe
return case
    when closes then case
        when old_present and same_source and (written < taken_at or written = last_taken) then 'closed'
        else 'kept'
    end
    when new_version < old_version or written > taken_at then 'stale'
    when not old_present then 'created'
    when not same_content then case when new_version = old_version then 'conflict' else 'changed' end
    when same_source then 'unchanged'
    else 'changed'
end
