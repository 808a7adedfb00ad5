-- name: known_openings
-- Which of these balances are in the ledger, and what was decided on.
select id, digest, outcome, reason
from inputs
where source = $1 and id = any($2::text[])

-- name: written
-- What stands in the ledger of a batch (lots are named 'opening:BATCH:PLACE') for these members.
select count(distinct l.account_id) as members, count(*) as lots, coalesce(sum(l.points), 0)::bigint as points
from accounts a
join lots l on l.account_id = a.account_id and starts_with(l.award, $2)
where a.member_id = any($1::text[])

-- name: balances_until
-- Of these members those who brought a balance along, and the latest moment that it speaks of.
select a.member_id, max((i.data ->> 'as_of')::timestamptz) as as_of
from accounts a
join inputs i on i.account_id = a.account_id
where a.member_id = any($1::text[]) and i.kind = $2
group by a.member_id
