-- name: take_key
-- One request at a time for each idempotency key. The limit holds for every later lock of the transaction. What
-- follows is about one account, whichever it is: planning it anew each time would be a third of the database's work.
select set_config('lock_timeout', $2, true), set_config('plan_cache_mode', 'force_generic_plan', true),
       pg_advisory_xact_lock(hashtextextended($1, 0))

-- name: read_answer
-- After take_key, in a statement of its own: it must see what the request before has committed.
select digest, status, answer::text as answer from idempotency_keys where key = $1

-- name: keep_answer
insert into idempotency_keys (key, digest, status, answer) values ($1, $2, $3, $4::json)

-- name: holder_of
-- Whose redemption it is; that never changes, so it may be read before the account is locked.
select r.account_id,
       case when r.pool_id is not null then array(
            select distinct e.origin_account from points_events e
            where e.account_id = r.account_id and e."group" = r.redemption_id and e.kind = 'move_in') end as givers
from redemptions r
where r.redemption_id = $1

-- name: owner_of
select a.member_id from redemptions r join accounts a on a.account_id = r.account_id where r.redemption_id = $1

-- name: read_redemptions
-- Redemptions with what was reserved from each lot, in that order, and what of it is taken. Exact under their
-- accounts' locks.
select r.redemption_id, r.account_id, a.member_id, r.reward_id, r.reward_name, r.points, r.value_minor, r.currency,
       r.program_version, r.state, r.reserved_at, r.held_until, r.updated_at, r.kind, r.cash_minor, r.counted, r.code,
       r.automatic, r.pool_id, r.order_id, r.restored_points, r.restored_minor,
       case when r.pool_id is null then '[]' else (
           select coalesce(json_agg(json_build_array(i.lot, i.origin_account, o.lot) order by i.seq), '[]')
             from points_events i
             join points_events o on o.account_id = i.origin_account and o.seq = i.origin_seq
            where i.account_id = r.account_id and i."group" = r.redemption_id and i.kind = 'move_in')::text end as guests,
       (select coalesce(json_agg(json_build_array(p.lot, p.held, p.taken) order by p.first), '[]')
          from redemption_lots p
         where p.account_id = r.account_id and p.redemption_id = r.redemption_id)::text as parts
from redemptions r
join accounts a on a.account_id = r.account_id
where r.redemption_id = any($1::text[])

-- name: read_lots_of
-- Lots by number, also those that have nothing left.
select account_id, lot, points, pending, available, reserved, expired, waived, exact, exact_returned,
       rule, award, line_id, program_version, earned_at, activates_at, expires_at
from lots
where account_id = $1 and lot = any($2::bigint[])

-- name: open_redemption
-- Held until a moment of the database's clock, which all processes share.
insert into redemptions (redemption_id, account_id, reward_id, reward_name, points, value_minor, currency,
                         program_version, state, reserved_at, held_until, updated_at, kind, cash_minor, counted, code,
                         automatic, pool_id, order_id)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)

-- name: move_redemption
update redemptions set state = $2, updated_at = $3, restored_points = $4, restored_minor = $5 where redemption_id = $1

-- name: lock_late_holders
-- Accounts with a reservation held too long, past those that others hold now.
select account_id, member_id, pending, available, reserved, owed, seq, inputs, tier_seq, version, head_hash,
       account_time, recorded_at, joined_at, left_at, tier, next_due_at, state::text as state
from accounts
where account_id in (
    select r.account_id
    from redemptions r
    join accounts a on a.account_id = r.account_id and a.held is null
    where r.state = 'reserved' and r.held_until < clock_timestamp() and r.pool_id is null
    order by r.held_until
    limit $1
)
order by account_id
for no key update skip locked

-- name: late_redemptions
-- After those locks: the oldest late reservation of each account, if it is still there.
select distinct on (account_id) redemption_id
from redemptions
where account_id = any($1::bigint[]) and state = 'reserved' and held_until < clock_timestamp() and pool_id is null
order by account_id, held_until, redemption_id

-- name: late_pooled
-- Of accounts that do not wait for a person. Each is looked at again once its accounts are locked.
select r.redemption_id
from redemptions r
join accounts a on a.account_id = r.account_id and a.held is null
where r.state = 'reserved' and r.held_until < clock_timestamp() and r.pool_id is not null
order by r.held_until
limit $1

-- name: is_late
select exists (select from redemptions
               where redemption_id = $1 and state = 'reserved' and held_until < clock_timestamp())

-- name: lock_holders_without_code
-- Accounts with automatic certificates that have no code yet, of other rewards than $2, past those that others hold
-- now: a certificate may be taken back meanwhile.
select account_id from accounts
where account_id in (
    select account_id from redemptions
    where automatic and code is null and state in ('confirmed', 'fulfilled') and reward_id <> all($2::text[])
    order by account_id
    limit $1
)
order by account_id
for no key update skip locked

-- name: without_code
-- After those locks: their certificates without a code, the oldest first.
select redemption_id from redemptions
where account_id = any($1::bigint[]) and automatic and code is null and state in ('confirmed', 'fulfilled')
  and reward_id <> all($2::text[])
order by reserved_at, redemption_id
limit $3

-- name: give_code_to
update redemptions set code = $2 where redemption_id = $1

-- name: read_member
select account_id, member_id, pending, available, reserved, owed, seq, inputs, tier_seq, version, head_hash,
       account_time, recorded_at, joined_at, left_at, tier, next_due_at, state::text as state,
       (select epoch from ledger_epoch) as epoch,
       (select coalesce(max(version), 0) from program_versions) as program_version
from accounts
where member_id = $1

-- name: latest_program
select coalesce(max(version), 0) from program_versions

-- name: page_of_redemptions
-- The newest by business time before redemption $1, of member $2, in state $3 and reserved from $4 on, where given.
select r.redemption_id, r.account_id, a.member_id, r.reward_id, r.reward_name, r.points, r.value_minor, r.currency,
       r.program_version, r.state, r.reserved_at, r.held_until, r.updated_at, r.kind, r.cash_minor, r.counted, r.code,
       r.automatic, r.pool_id, r.order_id, r.restored_points, r.restored_minor
from redemptions r
join accounts a on a.account_id = r.account_id
where ($1::text is null or (r.reserved_at, r.redemption_id) <
                           (select b.reserved_at, b.redemption_id from redemptions b where b.redemption_id = $1))
  and ($2::text is null or r.account_id = (select account_id from accounts where member_id = $2))
  and ($3::text is null or r.state = $3)
  and ($4::timestamptz is null or r.reserved_at >= $4)
order by r.reserved_at desc, r.redemption_id desc
limit $5
