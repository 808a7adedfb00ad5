-- Ids that begin with $1, by their bytes, so that an id that is $1 comes first. The bounds are those that `like` would
-- have, which looks into no index once the plan is one for any $1; U+10FFFF is no character of any id.
-- name: members_like
select member_id from accounts
where member_id ~>=~ $1 and member_id ~<~ ($1 || chr(1114111)) and starts_with(member_id, $1)
order by member_id using ~<~
limit $2
