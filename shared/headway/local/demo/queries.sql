-- What the demo waits for, tells about, and dumps.

-- name: refresh_statistics
-- Tables that were filled within seconds: the planner still takes them for empty.
analyze

-- name: outbox_waiting
select count(*) from outbox

-- name: accounts_due
-- Accounts that jobs still have to settle at this moment.
select count(*) from accounts where next_due_at <= $1 and held is null

-- name: mails_to_come
-- Mails that are due by then, or decided, and have not ended yet.
select count(*) from notify.notifications
 where (state = 'due' and ends_at <= $1) or state in ('decided', 'sending', 'unknown') and (send_at is null or send_at <= $1)

-- name: mails_by_state
select state, count(*) as mails from notify.notifications where state <> 'due' group by state

-- name: points_events_by_kind
select kind, count(*) as rows, sum(points)::bigint as points from points_events group by kind order by min(seq), kind

-- name: totals
select (select count(*) from inputs) as inputs,
       (select count(*) from points_events) as points_events,
       (select coalesce(sum(version), 0)::bigint from accounts) as versions,
       (select count(*) from accounts where joined_at is not null) as members,
       (select count(*) from dead_letters) as dead_letters

-- name: stories
-- Members with many different things in their history, of a length that can be read.
select a.member_id, count(distinct e.kind) + count(distinct i.kind) as variety, count(*) as length
  from accounts a
  join points_events e on e.account_id = a.account_id
  join inputs i on i.account_id = a.account_id and i.n = e.cause
 where a.account_id = any (select account_id from redemptions where state = 'confirmed')
 group by a.member_id
having count(*) between 8 and 18
 order by variety desc, length, a.member_id
 limit 1

-- name: story
select e.seq, e.kind, e.points, e.from_bucket, e.to_bucket, e.rule, e.order_id, e.activates_at, e.expires_at, e.effective_at,
       i.kind as cause, i.data::text as data, coalesce(r.reward_name, '') as reward
  from accounts a
  join points_events e on e.account_id = a.account_id
  join inputs i on i.account_id = a.account_id and i.n = e.cause
  left join redemptions r on r.redemption_id = e."group"
 where a.member_id = $1
 order by e.seq

-- name: dump_accounts
select member_id, pending, available, reserved, owed, tier, version, joined_at, left_at,
       coalesce(state->'saved', '{}')::text as saved
  from accounts order by account_id

-- name: dump_awards
select a.member_id, l.rule, l.award, l.line_id, sum(l.exact)::bigint as exact, sum(l.exact_returned)::bigint as returned
  from lots l join accounts a using (account_id)
 group by a.member_id, l.rule, l.award, l.line_id

-- name: dump_inputs
-- In the order in which they arrived, account by account.
select i.source, i.id, a.member_id, i.outcome
  from inputs i join accounts a using (account_id) order by i.account_id, i.n

-- name: dump_holders
-- Which member holds an id that only one can.
select 'order_id' as kind, order_id as id, member_id from orders join accounts using (account_id)
union all select 'refund_id', refund_id, member_id from refunds join accounts using (account_id)
union all select 'review_id', review_id, member_id from reviews join accounts using (account_id)

-- name: dump_given
-- Who of a household gave how many points for which redemption.
select i.data ->> 'redemption_id' as redemption_id, a.member_id,
       (select sum((l ->> 1)::bigint) from json_array_elements(i.data -> 'lots') l)::bigint as points
  from inputs i join accounts a using (account_id)
 where i.kind = 'pool.give' order by i.account_id, i.n

-- name: dump_dead_letters
select topic, partition, "offset", reason from dead_letters order by topic, partition, "offset"

-- name: dump_notifications
select member_id, business_day::text as day, state from notify.notifications where kind = 'progress'
 order by member_id, business_day

-- name: dump_messages
select member_id, kind, cause, state, send_at::text as send_at, reply, epoch, version from notify.notifications order by id

-- name: applied
select topic, sum(next_offset)::bigint as records from positions where consumer_group = $1 group by topic
