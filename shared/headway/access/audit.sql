-- name: record
insert into audit_log (actor_kind, actor, act, target, request_id, outcome, detail)
values ($1, $2, $3, $4, $5, $6, $7::json)

-- name: entries
select entry, recorded_at, actor_kind, actor, act, target, request_id, outcome, detail::text as detail
from audit_log
where $1::text is null or target = $1
order by entry desc
limit $2
