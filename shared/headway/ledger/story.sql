-- name: member_account
select a.account_id, a.member_id, a.pending, a.available, a.reserved, a.owed, a.version, a.account_time, a.joined_at,
       a.left_at, a.tier, a.next_due_at, a.held, a.state::text as state
from accounts a
where a.member_id = $1

-- name: member_inputs
select i.n, i.source, i.id, i.kind, i.business_time, i.outcome, i.reason, i.data::text as data, p.waits_for, p.since
from inputs i
left join parked p on p.account_id = i.account_id and p.n = i.n
where i.account_id = $1
order by i.n

-- name: member_points
select account_id, seq, kind, points, from_bucket, to_bucket, lot, corrects, "group", cause, order_id, line_id, rule,
       program_version, exact, activates_at, expires_at, effective_at, origin_account, origin_seq
from points_events
where account_id = $1
order by seq

-- name: member_tiers
select account_id, tier_seq, tier_from, tier_to, cause, program_version, effective_at
from tier_events
where account_id = $1
order by tier_seq

-- name: member_lots
select account_id, lot, points, pending, available, reserved, expired, waived, exact, exact_returned, rule, award, line_id,
       program_version, earned_at, activates_at, expires_at
from lots
where account_id = $1
order by lot

-- name: member_redemptions
select redemption_id, reward_id, reward_name, points, value_minor, currency, state, reserved_at, held_until
from redemptions
where account_id = $1
order by reserved_at, redemption_id
