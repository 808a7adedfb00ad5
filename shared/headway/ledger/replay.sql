-- Accounts by a range of ids, $1 to $2.

-- name: versions_known
select version, recorded_at from program_versions order by recorded_at, version

-- name: replay_accounts
select a.account_id, a.member_id, a.pending, a.available, a.reserved, a.owed, a.seq, a.inputs, a.tier_seq, a.version,
       a.account_time, a.joined_at, a.left_at, a.tier, a.next_due_at, a.state::text as state
from accounts a
where a.account_id between $1 and $2
order by a.account_id

-- name: replay_inputs
select account_id, n, source, id, kind, business_time, recorded_at, data::text as data, digest, outcome, reason
from inputs
where account_id between $1 and $2
order by account_id, n

-- name: replay_parked
select account_id, n, waits_for from parked where account_id between $1 and $2 order by account_id, n

-- name: replay_points
select account_id, seq, kind, points, from_bucket, to_bucket, lot, corrects, "group", cause, order_id, line_id, rule,
       program_version, exact, activates_at, expires_at, effective_at, origin_account, origin_seq
from points_events
where account_id between $1 and $2
order by account_id, seq

-- name: replay_tiers
select account_id, tier_seq, tier_from, tier_to, cause, program_version, effective_at
from tier_events
where account_id between $1 and $2
order by account_id, tier_seq

-- name: replay_lots
select account_id, lot, points, pending, available, reserved, expired, waived, exact, exact_returned, rule, award, line_id,
       program_version, earned_at, activates_at, expires_at
from lots
where account_id between $1 and $2
order by account_id, lot

-- name: replay_lines
select account_id, order_id, line_id, sku, category, quantity, returned, amount, paid_with_points, full_amount
from order_lines
where account_id between $1 and $2
order by account_id

-- name: replay_payments
select account_id, redemption_id, state, restored_points, restored_minor
from redemptions
where account_id between $1 and $2 and order_id is not null
order by account_id
