-- What a member can see of the ledger. Every read is of one account and goes by its primary keys.

-- name: history_page
-- The newest rows before seq $2 and from seq $3 on, of kinds $4 and business times from $5 up to $6 where given.
select account_id, seq, kind, points, from_bucket, to_bucket, lot, corrects, "group", cause, order_id, line_id, rule,
       program_version, exact, activates_at, expires_at, effective_at, origin_account, origin_seq, recorded_at
from points_events
where account_id = $1 and seq < $2 and seq >= $3
  and ($4::text[] is null or kind = any($4))
  and ($5::timestamptz is null or effective_at >= $5)
  and ($6::timestamptz is null or effective_at < $6)
order by seq desc
limit $7

-- name: moved_after
-- What rows after seq $2 have moved into (or out of) each bucket, and how much was awarded, by rule.
select coalesce(rule, '') as rule,
       sum(case 'pending' when to_bucket then points when from_bucket then -points else 0 end)::bigint as pending,
       sum(case 'available' when to_bucket then points when from_bucket then -points else 0 end)::bigint as available,
       sum(case 'reserved' when to_bucket then points when from_bucket then -points else 0 end)::bigint as reserved,
       sum(case 'owed' when to_bucket then points when from_bucket then -points else 0 end)::bigint as owed,
       sum(case when kind in ('earn', 'reverse') then exact else 0 end)::bigint as exact
from points_events
where account_id = $1 and seq > $2
group by 1

-- name: moves_between
-- From seq $2 to seq $3, the newest first.
select seq, kind, points, from_bucket, to_bucket, coalesce(rule, '') as rule, exact
from points_events
where account_id = $1 and seq between $2 and $3
order by seq desc

-- name: causes
select n, source, id, kind, business_time, outcome, reason, data::text as data
from inputs
where account_id = $1 and n = any($2::bigint[])

-- name: lots_by_number
select account_id, lot, points, pending, available, reserved, expired, waived, exact, exact_returned, rule, award, line_id,
       program_version, earned_at, activates_at, expires_at
from lots
where account_id = $1 and lot = any($2::bigint[])

-- name: lots_page
-- The newest lots before lot $2: all ($3), or those that hold points now.
select account_id, lot, points, pending, available, reserved, expired, waived, exact, exact_returned, rule, award, line_id,
       program_version, earned_at, activates_at, expires_at
from lots
where account_id = $1 and lot < $2 and ($3 or pending > 0 or available > 0 or reserved > 0)
order by lot desc
limit $4

-- name: rows_of_lots
-- Of each of the lots $2, none of which was earned before seq $3, the row that earned it and the newest $4 of those that
-- moved its points or took its award back. `of_lot` counts all of them; `owed` is what all of them moved into what is
-- owed, or out of it: what is owed has no lot, so it counts for the award that was taken back.
select account_id, seq, kind, points, from_bucket, to_bucket, lot, corrects, "group", cause, order_id, line_id, rule,
       program_version, exact, activates_at, expires_at, effective_at, origin_account, origin_seq, recorded_at, of, of_lot, owed
from (
    select e.*, o.of, row_number() over (partition by o.of order by e.seq desc) as place,
           count(*) over (partition by o.of) as of_lot,
           (sum(case when o.of <> coalesce(e.lot, e.corrects) then 0
                     when e.to_bucket = 'owed' then e.points when e.from_bucket = 'owed' then -e.points else 0 end)
               over (partition by o.of))::bigint as owed
    from points_events e
    cross join lateral (select e.lot union select e.corrects) as o(of)
    where e.account_id = $1 and e.seq >= $3 and (e.lot = any($2::bigint[]) or e.corrects = any($2::bigint[]))
      and o.of = any($2::bigint[])
) e
where place <= $4 or seq = of
order by seq

-- name: exact_since
-- For each of the earn rows $2, none before seq $3, what its rule (one of $4) has awarded from there on.
select seq, rule, exact
from (
    select seq, rule, (sum(exact) over (partition by rule order by seq desc))::bigint as exact
    from points_events
    where account_id = $1 and seq >= $3 and kind in ('earn', 'reverse') and rule = any($4::text[])
) e
where seq = any($2::bigint[])

-- name: reward_names
select redemption_id, reward_name from redemptions where account_id = $1 and redemption_id = any($2::text[])

-- name: balance_as_of
-- Points by the rows that had been recorded by $2, and the version by what has changed the account since. A version is
-- one cause decided in one transaction; what moves no points may still change the tier, or that the member is one. What
-- waited for the member to join changed nothing before that.
with
moved as materialized (
    select seq, cause, recorded_at, points, from_bucket, to_bucket from points_events where account_id = $1
),
joining as (
    select min(recorded_at) as recorded_at from inputs
    where account_id = $1 and outcome = 'applied'
      and (kind = 'member.joined' or kind = 'import.opening' and reason = 'enrolled')
),
changes as (
    select cause, recorded_at, 0 as part from tier_events where account_id = $1
    union
    select n, greatest(i.recorded_at, j.recorded_at), 0
    from inputs i cross join joining j
    where account_id = $1 and outcome = 'applied'
      and (kind in ('member.joined', 'member.left') or kind = 'import.opening' and reason = 'enrolled')
    union
    select cause, recorded_at, 0 from moved
),
state as (
    select coalesce(sum(case 'pending' when to_bucket then points when from_bucket then -points else 0 end), 0)::bigint as pending,
           coalesce(sum(case 'available' when to_bucket then points when from_bucket then -points else 0 end), 0)::bigint as available,
           coalesce(sum(case 'reserved' when to_bucket then points when from_bucket then -points else 0 end), 0)::bigint as reserved,
           coalesce(sum(case 'owed' when to_bucket then points when from_bucket then -points else 0 end), 0)::bigint as owed,
           coalesce(max(seq), 0) as seq
    from moved where recorded_at <= $2
)
select s.pending, s.available, s.reserved, s.owed, s.seq,
       a.version - (select count(*) from changes where recorded_at > $2) as version,
       (select hash from points_events where account_id = $1 and seq = s.seq) as head_hash,
       coalesce((select tier_to from tier_events where account_id = $1 and recorded_at <= $2
                 order by tier_seq desc limit 1), '') as tier,
       case when e.since <= $2 then e.epoch end as epoch,
       $2 <= clock_timestamp() as past
from accounts a cross join state s cross join ledger_epoch e
where a.account_id = $1
