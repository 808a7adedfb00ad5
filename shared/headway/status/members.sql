-- Ids that begin with $1, in the order of the index; a few more are read, as some orders skip case and dashes.
-- name: members_like
select member_id from accounts where member_id >= $1 and starts_with(member_id, $1) order by member_id limit $2
