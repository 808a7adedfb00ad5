-- name: open_adjustment
insert into adjustments (adjustment_id, account_id, points, reason, by_person, by_key, limit_points, state, n, decided_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, case when $8 = 'proposed' then null else clock_timestamp() end)

-- name: account_of
-- Whose adjustment it is; that never changes, so it may be read before the account is locked.
select account_id from adjustments where adjustment_id = $1

-- name: read_adjustment
-- Exact under its account's lock.
select j.adjustment_id, a.member_id, j.points, j.reason, j.by_person, j.by_key, j.limit_points, j.state,
       j.second_person, j.second_key, j.asked_at, j.decided_at, j.number
from adjustments j
join accounts a using (account_id)
where j.adjustment_id = $1

-- name: decide_adjustment
update adjustments
set state = $2, second_person = $3, second_key = $4, n = $5, decided_at = clock_timestamp()
where adjustment_id = $1

-- name: page_of_adjustments
-- The newest before number $1, in state $2 and of member $3 where given.
select j.adjustment_id, a.member_id, j.points, j.reason, j.by_person, j.by_key, j.limit_points, j.state,
       j.second_person, j.second_key, j.asked_at, j.decided_at, j.number
from adjustments j
join accounts a using (account_id)
where ($1::bigint is null or j.number < $1)
  and ($2::text is null or j.state = $2)
  and ($3::text is null or a.member_id = $3)
order by j.number desc
limit $4
