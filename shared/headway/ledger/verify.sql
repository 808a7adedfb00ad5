-- Every check takes accounts by a range of ids ($1 to $2) and answers a row for each thing that is
-- broken: the account and what is wrong with it. No rows: nothing is.

-- name: bounds
-- Also of what hangs on no account: that is to be found, too.
select min(low)::bigint as low, max(high)::bigint as high
from (
    select min(account_id), max(account_id) from accounts
    union all select min(account_id), max(account_id) from points_events
    union all select min(account_id), max(account_id) from tier_events
    union all select min(account_id), max(account_id) from inputs
    union all select min(account_id), max(account_id) from lots
    union all select min(account_id), max(account_id) from redemptions
    union all select min(account_id), max(account_id) from parked
) as t(low, high)

-- name: count_programs
select count(*) from program_versions

-- name: examined
select
    (select count(*) from accounts where account_id between $1 and $2) as accounts,
    (select count(*) from points_events where account_id between $1 and $2) as "points events",
    (select count(*) from points_events where account_id between $1 and $2 and kind = 'earn') as awards,
    (select count(*) from tier_events where account_id between $1 and $2) as "tier events",
    (select count(*) from inputs where account_id between $1 and $2) as inputs,
    (select count(*) from lots where account_id between $1 and $2) as lots,
    (select count(*) from parked where account_id between $1 and $2) as "parked inputs",
    (select count(*) from redemptions where account_id between $1 and $2) as redemptions

-- name: member_ids
select account_id, member_id from accounts where account_id = any($1::bigint[])

-- name: walk_points
select e.account_id, e.seq, e.kind, e.points, e.from_bucket, e.to_bucket, e.lot, e.corrects, e."group", e.cause,
       e.order_id, e.line_id, e.rule, e.program_version, e.exact, e.activates_at, e.expires_at, e.effective_at,
       e.origin_account, e.origin_seq, e.recorded_at, e.prev_hash, e.hash, e.hash_form, e.funder
from points_events e
where e.account_id between $1 and $2
order by e.account_id, e.seq

-- name: walk_heads
select account_id, head_hash from accounts where account_id between $1 and $2

-- name: walk_inputs
select i.account_id, a.member_id, i.n, i.kind, i.data::text as data, i.digest
from inputs i
join accounts a on a.account_id = i.account_id
where i.account_id between $1 and $2

-- name: check_sequence
with
points as (
    select account_id, count(*) as count, min(seq) as low, max(seq) as high
    from points_events where account_id between $1 and $2 group by account_id
),
decided as (
    select account_id, count(*) as count, count(distinct n) as different, min(n) as low, max(n) as high
    from inputs where account_id between $1 and $2 group by account_id
),
tiers as (
    select account_id, count(*) as count, min(tier_seq) as low, max(tier_seq) as high
    from tier_events where account_id between $1 and $2 group by account_id
),
owners as (
    select account_id, seq, inputs, tier_seq from accounts where account_id between $1 and $2
)
select account_id,
       case
           when o.seq is null then 'rows of an account that is not there'
           when coalesce(p.high, 0) <> o.seq
               then format('points events end at seq %s, the account says %s', coalesce(p.high, 0), o.seq)
           when p.low <> 1 or p.count <> p.high
               then format('%s points events from seq %s to %s', p.count, p.low, p.high)
           when coalesce(d.high, 0) <> o.inputs
               then format('inputs end at %s, the account says %s', coalesce(d.high, 0), o.inputs)
           when d.low <> 1 or d.count <> d.high or d.different <> d.count
               then format('%s inputs with %s numbers from %s to %s', d.count, d.different, d.low, d.high)
           when coalesce(t.high, 0) <> o.tier_seq
               then format('tier events end at %s, the account says %s', coalesce(t.high, 0), o.tier_seq)
           else format('%s tier events from %s to %s', t.count, t.low, t.high)
       end as what
from owners o
full join points p using (account_id)
full join decided d using (account_id)
full join tiers t using (account_id)
where o.seq is null
   or coalesce(p.high, 0) <> o.seq or p.low <> 1 or p.count <> p.high
   or coalesce(d.high, 0) <> o.inputs or d.low <> 1 or d.count <> d.high or d.different <> d.count
   or coalesce(t.high, 0) <> o.tier_seq or t.low <> 1 or t.count <> t.high

-- name: check_versions
-- A version for each cause that changed the account. An input that was parked may have let due
-- points happen at first, and have done its own work later: it can count twice.
with
joined as (
    select account_id, min(n) as n
    from inputs
    where account_id between $1 and $2 and outcome = 'applied'
      and (kind = 'member.joined' or kind = 'import.opening' and reason = 'enrolled')
    group by account_id
),
changes as (
    select account_id, cause as n from points_events where account_id between $1 and $2
    union
    select account_id, cause from tier_events where account_id between $1 and $2
    union
    select account_id, n from inputs
    where account_id between $1 and $2 and outcome = 'applied'
      and (kind in ('member.joined', 'member.left') or kind = 'import.opening' and reason = 'enrolled'
           or kind in ('admin.erase', 'goal.set', 'goal.cleared') and reason = '')
),
counted as (
    select account_id, count(*) as causes from changes group by account_id
),
released as (
    select i.account_id, count(*) as again
    from inputs i
    join changes c on c.account_id = i.account_id and c.n = i.n
    left join joined j on j.account_id = i.account_id
    left join orders o on o.order_id = i.data ->> 'order_id' and o.account_id = i.account_id
    left join reviews r on r.review_id = i.data ->> 'review_id' and r.account_id = i.account_id
    where i.account_id between $1 and $2
      and i.kind in ('order.refunded', 'order.cancelled', 'review.removed')
      and i.outcome <> 'parked'
      and (o.n > i.n or r.n > i.n or j.n > i.n)
    group by i.account_id
)
select a.account_id,
       format('version %s, but %s causes changed the account', a.version, coalesce(c.causes, 0)) as what
from accounts a
left join counted c using (account_id)
left join released r using (account_id)
where a.account_id between $1 and $2
  and a.version not between coalesce(c.causes, 0) and coalesce(c.causes, 0) + coalesce(r.again, 0)

-- name: check_causes
-- Settling (activate, repay, expire, birthday gifts, certificates) may happen on the way of any input, also of one that
-- gives nothing. A certificate is taken back by whatever takes an award back.
with automatic as (
    select account_id, redemption_id as "group" from redemptions where account_id between $1 and $2 and automatic
)
select e.account_id,
       case when i.n is null then format('points event %s has cause %s, which is no input', e.seq, e.cause)
            else format('points event %s (%s) has cause %s, a %s that was %s', e.seq, e.kind, e.cause, i.kind, i.outcome)
       end as what
from points_events e
left join inputs i on i.account_id = e.account_id and i.n = e.cause
where e.account_id between $1 and $2
  and (i.n is null
       or e.kind not in ('activate', 'repay', 'expire')
          and not (e.kind = 'earn' and exists (select from lots l where l.account_id = e.account_id and l.lot = e.seq
                                               and starts_with(l.award, 'birthday:')))
          and not (e.kind in ('reserve', 'redeem') and (e.account_id, e."group") in (select * from automatic))
          and (i.outcome <> 'applied'
               or i.kind = 'tick'
               or e.kind in ('earn', 'reverse') and (i.kind like 'redemption.%' or i.kind like 'admin.%'
                                                     or i.kind like 'transfer.%' or i.kind like 'pool.%' or i.kind like 'goal.%')
               or e.kind = 'move_out' and i.kind not in ('transfer.send', 'pool.give', 'redemption.cancel',
                                                         'redemption.timeout', 'redemption.reverse')
               or e.kind = 'move_in' and i.kind not in ('transfer.receive', 'pool.home', 'redemption.reserve')
               or e.kind = 'adjust' and i.kind <> 'admin.adjust'
               or e.kind = 'reserve' and i.kind <> 'redemption.reserve'
               or e.kind in ('redeem', 'donate') and e.from_bucket = 'reserved' and i.kind <> 'redemption.confirm'
               or e.kind in ('redeem', 'restore') and e.from_bucket <> 'reserved'
                  and (e.account_id, e."group") not in (select * from automatic)
                  and i.kind <> all (case when e.order_id is null then array['redemption.reverse']
                                          else array['order.paid', 'order.refunded', 'order.refund_failed', 'order.cancelled',
                                                     'member.joined', 'import.opening'] end)
               or e.kind = 'release' and i.kind not in ('redemption.cancel', 'redemption.timeout')))
union all
select t.account_id, format('tier event %s has cause %s, which is no input', t.tier_seq, t.cause)
from tier_events t
left join inputs i on i.account_id = t.account_id and i.n = t.cause
where t.account_id between $1 and $2 and i.n is null
union all
select i.account_id, format('input %s, a %s that was applied, moved no points', i.n, i.kind)
from inputs i
where i.account_id between $1 and $2 and i.outcome = 'applied' and i.kind like 'redemption.%'
  and i.kind <> 'redemption.fulfil'
  and not (i.kind = 'redemption.reverse' and json_array_length(i.data -> 'held') = 0)  -- all had come back before
  and not exists (
      select from points_events e
      where e.account_id between $1 and $2 and e.account_id = i.account_id and e.cause = i.n
        and e.kind in ('reserve', 'redeem', 'donate', 'release', 'restore'))
union all
select i.account_id, format('input %s adjusts by %s points, the points events by %s', i.n, i.data ->> 'points',
                            coalesce(e.points, 0))
from inputs i
left join (select account_id, cause, sum(case from_bucket when 'issued' then points else -points end) as points
           from points_events where account_id between $1 and $2 and kind = 'adjust'
           group by account_id, cause) e on e.account_id = i.account_id and e.cause = i.n
where i.account_id between $1 and $2 and i.outcome = 'applied' and i.kind = 'admin.adjust'
  and (i.data ->> 'points')::bigint is distinct from coalesce(e.points, 0)

union all
select i.account_id, format('input %s, a %s, moves %s points, the points events %s', i.n, i.kind, i.points, coalesce(e.points, 0))
from (select account_id, n, kind,
             case kind when 'transfer.send' then (data ->> 'points')::bigint
                       when 'pool.give' then (select sum((l ->> 1)::bigint) from json_array_elements(data -> 'lots') l)
                       else (select sum((p ->> 'points')::bigint) from json_array_elements(data -> 'parts') p) end as points
      from inputs
      where account_id between $1 and $2 and outcome = 'applied'
        and kind in ('transfer.send', 'transfer.receive', 'pool.give', 'pool.home')) i
left join (select account_id, cause, sum(points) as points
           from points_events where account_id between $1 and $2 and kind in ('move_out', 'move_in')
           group by account_id, cause) e on e.account_id = i.account_id and e.cause = i.n
where i.points is distinct from coalesce(e.points, 0)

-- name: check_balances
with moved as (
    select account_id,
           sum(case when to_bucket = 'pending' then points when from_bucket = 'pending' then -points else 0 end) as pending,
           sum(case when to_bucket = 'available' then points when from_bucket = 'available' then -points else 0 end) as available,
           sum(case when to_bucket = 'reserved' then points when from_bucket = 'reserved' then -points else 0 end) as reserved,
           sum(case when to_bucket = 'owed' then points when from_bucket = 'owed' then -points else 0 end) as owed
    from points_events where account_id between $1 and $2 group by account_id
)
select a.account_id,
       format('pending %s, available %s, reserved %s, owed %s; the points events sum to %s, %s, %s, %s',
              a.pending, a.available, a.reserved, a.owed, coalesce(m.pending, 0), coalesce(m.available, 0),
              coalesce(m.reserved, 0), coalesce(m.owed, 0)) as what
from accounts a
left join moved m using (account_id)
where a.account_id between $1 and $2
  and (a.pending, a.available, a.reserved, a.owed)
      is distinct from (coalesce(m.pending, 0), coalesce(m.available, 0), coalesce(m.reserved, 0), coalesce(m.owed, 0))

-- name: check_lots
-- $3: the programme versions under whose policy points that come back to a waived lot go too.
with
earned as (
    -- What came from another account was earned there: check_moves compares the two.
    select account_id, seq as lot, points, exact, rule, order_id, line_id, program_version,
           case when kind <> 'move_in' then effective_at end as earned_at, activates_at, expires_at
    from points_events
    where account_id between $1 and $2 and (from_bucket = 'issued' or kind in ('move_in', 'restore') and lot = seq)
),
moved as (
    select account_id, lot,
           sum(case when to_bucket = 'pending' then points when from_bucket = 'pending' then -points else 0 end) as pending,
           sum(case when to_bucket = 'available' then points when from_bucket = 'available' then -points else 0 end) as available,
           sum(case when to_bucket = 'reserved' then points when from_bucket = 'reserved' then -points else 0 end) as reserved,
           sum(case when to_bucket = 'expired' then points when from_bucket = 'expired' then -points else 0 end) as expired
    from points_events
    where account_id between $1 and $2 and lot is not null
    group by account_id, lot
),
corrected as (
    select account_id, corrects as lot,
           coalesce(sum(-exact) filter (where kind = 'reverse'), 0) as exact_returned,
           sum(case when kind = 'waive' and from_bucket = 'waived' and program_version = any($3::int[]) then points
                    when kind = 'waive' and to_bucket = 'waived' then -points else 0 end) as waived
    from points_events
    where account_id between $1 and $2 and corrects is not null
    group by account_id, corrects
),
lives as (
    -- Rows after the first that say anew how long a lot lives; the latest counts.
    select distinct on (account_id, lot) account_id, lot, activates_at, expires_at
    from points_events
    where account_id between $1 and $2 and lot is not null and from_bucket <> 'issued' and activates_at is not null
    order by account_id, lot, seq desc
),
rebuilt as (
    select e.account_id, e.lot, e.points, e.exact, e.rule, e.order_id, e.line_id, e.program_version, e.earned_at,
           coalesce(v.activates_at, e.activates_at) as activates_at,
           case when v.activates_at is null then e.expires_at else v.expires_at end as expires_at,
           coalesce(m.pending, 0) as pending, coalesce(m.available, 0) as available,
           coalesce(m.reserved, 0) as reserved, coalesce(m.expired, 0) as expired,
           coalesce(c.waived, 0) as waived, coalesce(c.exact_returned, 0) as exact_returned
    from earned e
    left join moved m using (account_id, lot)
    left join corrected c using (account_id, lot)
    left join lives v using (account_id, lot)
),
kept as (
    select * from lots where account_id between $1 and $2
)
select account_id,
       case when k.points is null then format('lot %s is missing', lot)
            when r.points is null then format('lot %s was never earned', lot)
            else format('lot %s: pending %s, available %s, reserved %s, expired %s, waived %s, returned %s;'
                        ' the points events say %s, %s, %s, %s, %s, %s', lot,
                        k.pending, k.available, k.reserved, k.expired, k.waived, k.exact_returned,
                        r.pending, r.available, r.reserved, r.expired, r.waived, r.exact_returned)
       end as what
from kept k
full join rebuilt r using (account_id, lot)
where (k.points, k.pending, k.available, k.reserved, k.expired, k.waived, k.exact, k.exact_returned, k.rule,
       k.line_id, k.program_version, k.earned_at, k.activates_at, k.expires_at)
      is distinct from
      (r.points, r.pending, r.available, r.reserved, r.expired, r.waived, r.exact, r.exact_returned, r.rule,
       coalesce(r.line_id, ''), r.program_version, coalesce(r.earned_at, k.earned_at), r.activates_at, r.expires_at)
   or r.line_id is not null and k.award <> 'order:' || r.order_id
union all
select account_id, format('points event %s moves %s points of no lot', seq, points)
from points_events
where account_id between $1 and $2 and lot is null
  and (from_bucket in ('pending', 'available', 'reserved', 'expired')
       or to_bucket in ('pending', 'available', 'reserved', 'expired'))

-- name: check_fractions
-- Points under a rule are the whole part of the exact points still standing; the rest is carried.
with
standing as (
    select account_id, rule,
           sum(case when kind = 'earn' then points else -points end) as points, sum(exact) as exact
    from points_events
    where account_id between $1 and $2 and kind in ('earn', 'reverse')
    group by account_id, rule
),
carried as (
    select a.account_id, r.key as rule, r.value::numeric as remainder
    from accounts a, json_each_text(a.state -> 'remainders') r
    where a.account_id between $1 and $2
)
select account_id,
       format('rule %s: %s points and %s millionths carried, but %s millionths stand', rule, coalesce(s.points, 0),
              coalesce(c.remainder, 0), coalesce(s.exact, 0)) as what
from standing s
full join carried c using (account_id, rule)
where coalesce(s.points, 0) * 1000000 + coalesce(c.remainder, 0) <> coalesce(s.exact, 0)
   or coalesce(c.remainder, 0) not between 0 and 999999

-- name: check_awards
with
returned as (
    select account_id, corrects as seq, sum(-exact) as exact
    from points_events
    where account_id between $1 and $2 and kind = 'reverse'
    group by account_id, corrects
)
select r.account_id,
       case when e.seq is null then format('a reversal corrects %s, which is no award', coalesce(r.seq::text, 'nothing'))
            else format('award %s gave %s millionths, and %s were taken back', r.seq, e.exact, r.exact)
       end as what
from returned r
left join points_events e on e.account_id = r.account_id and e.seq = r.seq and e.kind = 'earn'
where e.seq is null or r.exact > e.exact
union all
select account_id, format('points event %s (%s) holds %s millionths', seq, kind, exact)
from points_events
where account_id between $1 and $2
  and case kind when 'earn' then exact < 0 when 'reverse' then exact > 0 else exact <> 0 end

-- name: check_tiers
with told as (
    select account_id, tier_seq, tier_from, tier_to,
           lag(tier_to, 1, '') over w as before, lead(tier_seq) over w is null as last
    from tier_events
    where account_id between $1 and $2
    window w as (partition by account_id order by tier_seq)
)
select account_id, format('tier event %s leaves %L, but the tier was %L', tier_seq, tier_from, before) as what
from told
where tier_from <> before
union all
select a.account_id, format('tier %L, the tier events end at %L', a.tier, coalesce(t.tier_to, ''))
from accounts a
left join told t on t.account_id = a.account_id and t.last
where a.account_id between $1 and $2 and a.tier <> coalesce(t.tier_to, '')

-- name: check_redemptions
-- `again`: what was restored for a return that did not go through pays again.
with
steps as (
    select account_id, "group" as redemption_id,
           coalesce(sum(points) filter (where kind = 'reserve'), 0) as reserved,
           coalesce(sum(points) filter (where kind = 'release'), 0) as released,
           coalesce(sum(points) filter (where kind = 'redeem' and from_bucket = 'reserved'), 0) as redeemed,
           coalesce(sum(points) filter (where kind = 'redeem' and from_bucket <> 'reserved'), 0) as again,
           max(order_id) as order_id,
           coalesce(sum(points) filter (where kind = 'donate'), 0) as donated,
           coalesce(sum(points) filter (where kind = 'restore'), 0) as restored
    from points_events
    where account_id between $1 and $2 and kind in ('reserve', 'release', 'redeem', 'donate', 'restore')
    group by account_id, "group"
),
known as (
    select * from redemptions where account_id between $1 and $2
)
select account_id,
       case when k.points is null then format('points were held for redemption %s, which is not there', redemption_id)
            else format('redemption %s of %s points is %s, with %s reserved, %s released, %s redeemed, %s donated, %s restored;'
                        ' it says that %s have come back',
                        redemption_id, k.points, k.state, coalesce(s.reserved, 0), coalesce(s.released, 0),
                        coalesce(s.redeemed, 0), coalesce(s.donated, 0), coalesce(s.restored, 0), k.restored_points)
       end as what
from known k
full join steps s using (account_id, redemption_id)
where k.points is null
   or (coalesce(s.reserved, 0), coalesce(s.released, 0), coalesce(s.redeemed, 0), coalesce(s.donated, 0),
       coalesce(s.restored, 0) - coalesce(s.again, 0))
      <> (k.points,
          case when k.state in ('cancelled', 'timed_out') then k.points else 0 end,
          case when k.kind <> 'donation' and k.state in ('confirmed', 'fulfilled', 'reversed') then k.points else 0 end,
          case when k.kind = 'donation' and k.state in ('confirmed', 'fulfilled', 'reversed') then k.points else 0 end,
          k.restored_points)
   or s.order_id <> coalesce(k.order_id, '')
union all
-- What others gave is the pool's to have given, and is home again when it came to nothing.
select k.account_id, format('redemption %s from %s is %s; others gave %s points for it, %s went home', k.redemption_id,
                            coalesce(k.pool_id, 'no pool'), k.state, m.given, m.home)
from known k
join (select account_id, "group", coalesce(sum(points) filter (where kind = 'move_in'), 0) as given,
             coalesce(sum(points) filter (where kind = 'move_out'), 0) as home
      from points_events
      where account_id between $1 and $2 and kind in ('move_in', 'move_out')
      group by account_id, "group") m on m.account_id = k.account_id and m."group" = k.redemption_id
where k.pool_id is null or m.given > k.points
   or m.home <> case when k.state in ('cancelled', 'timed_out', 'reversed') then m.given else 0 end
union all
-- An account keeps the certificates that nobody has used, as long as nobody has.
select account_id,
       case when k.points is null then format('the account keeps a certificate %s, which is not there, or not unused', redemption_id)
            when t.points is null then format('certificate %s is unused, but the account does not keep it', redemption_id)
            else format('certificate %s of %s points is kept as one of %s', redemption_id, k.points, t.points)
       end
from (select * from known where automatic and state = 'confirmed') k
full join (select a.account_id, c ->> 0 as redemption_id, (c ->> 1)::bigint as points, (c ->> 2)::bigint as value_minor,
                  c ->> 3 as currency
           from accounts a, json_array_elements(a.state -> 'certificates') c
           where a.account_id between $1 and $2) t using (account_id, redemption_id)
where (k.points, k.value_minor, k.currency) is distinct from (t.points, t.value_minor, t.currency)

-- name: check_saved
with
spent as (
    select r.account_id, r.currency, sum(r.value_minor - r.restored_minor) as minor
    from redemptions r
    where r.account_id between $1 and $2 and r.kind <> 'donation'
      and 0 < (select coalesce(sum(case when e.kind = 'redeem' then e.points else -e.points end), 0)
               from points_events e
               where e.account_id = r.account_id and e."group" = r.redemption_id and e.kind in ('redeem', 'restore'))
    group by r.account_id, r.currency
),
told as (
    select a.account_id, s.key as currency, s.value::numeric as minor
    from accounts a, json_each_text(a.state -> 'saved') s
    where a.account_id between $1 and $2
)
select account_id,
       format('saved %s in minor units of %s, the redemptions say %s', coalesce(t.minor, 0), currency,
              coalesce(s.minor, 0)) as what
from told t
full join spent s using (account_id, currency)
where coalesce(t.minor, 0) <> coalesce(s.minor, 0)

-- name: check_parked
with
waiting as (
    select account_id, n, waits_for from parked where account_id between $1 and $2
),
told as (
    select account_id, n, kind from inputs where account_id between $1 and $2 and outcome = 'parked'
)
select account_id,
       case when t.n is not null and w.n is not null
            then format('input %s waits for %s, which is there', n, w.waits_for)
            when t.n is null then format('input %s is listed as waiting for %s, but is not parked', n, w.waits_for)
            else format('input %s (%s) is parked, but nothing will release it', n, t.kind)
       end as what
from waiting w
full join told t using (account_id, n)
where w.n is null or t.n is null
   or exists (select from order_lines l where l.account_id = w.account_id and 'order:' || l.order_id = w.waits_for)

-- name: check_waking
-- Jobs settle an account when it says that something is due: it must not say so too late.
with due as (
    select account_id,
           min(case when pending > 0 then activates_at when available > 0 then expires_at end) as earliest
    from lots
    where account_id between $1 and $2 and (pending > 0 or available > 0)
    group by account_id
)
select a.account_id,
       format('a lot is due at %s, but the account will be woken %s', d.earliest,
              coalesce('at ' || a.next_due_at, 'never')) as what
from accounts a
join due d using (account_id)
where a.account_id between $1 and $2 and d.earliest is not null
  and (a.next_due_at is null or a.next_due_at > d.earliest)

-- name: count_keys
select (select count(*) from orders) + (select count(*) from refunds) + (select count(*) from reviews)
       + (select count(*) from referees) as keys

-- name: check_keys
-- Of the whole ledger at once: business keys have no order by account.
select k.account_id, format('%s %s names input %s, which is not there', k.what, k.id, k.n) as what
from (
    select 'order' as what, order_id as id, account_id, n from orders
    union all select 'refund', refund_id, account_id, n from refunds
    union all select 'review', review_id, account_id, n from reviews
    union all select 'referral', referral_id, account_id, n from referees
) k
left join inputs i on i.account_id = k.account_id and i.n = k.n
where i.n is null

-- name: count_moves
select count(distinct "group") from points_events where kind in ('move_out', 'move_in')

-- name: check_moves
-- Groups net to zero; every move_out is answered by one move_in of another account, with the same points, in the same
-- group; a lot that was opened by one lives as the lot does that it came from. Every transfer is in both logs.
with
moves as materialized (
    select account_id, seq, kind, points, lot, "group", origin_account, origin_seq, activates_at, expires_at
    from points_events
    where kind in ('move_out', 'move_in')
),
lives as (
    -- Of each lot that was opened by a move, how the lot that it came from lived when it left.
    select distinct on (i.account_id, i.lot) i.account_id, i.lot, i.activates_at, i.expires_at,
           o.account_id as their_account, o.lot as their_lot, e.activates_at as their_activates_at, e.expires_at as their_expires_at
    from moves i
    join moves o on o.account_id = i.origin_account and o.seq = i.origin_seq
    join points_events e on e.account_id = o.account_id and e.lot = o.lot and e.seq < o.seq and e.activates_at is not null
    where i.kind = 'move_in' and i.lot = i.seq
    order by i.account_id, i.lot, e.seq desc
)
select max(account_id) as account_id,
       format('group %s: %s points left, %s arrived', coalesce("group", 'without name'),
              coalesce(sum(points) filter (where kind = 'move_out'), 0),
              coalesce(sum(points) filter (where kind = 'move_in'), 0)) as what
from moves
group by "group"
having "group" is null
    or coalesce(sum(points) filter (where kind = 'move_out'), 0) <> coalesce(sum(points) filter (where kind = 'move_in'), 0)
union all
select coalesce(i.account_id, o.account_id),
       case when o.seq is null then format('points event %s answers %s of account %s, which is no move_out',
                                           i.seq, i.origin_seq, i.origin_account)
            when i.seq is null then format('points event %s left, and arrived nowhere', o.seq)
            else format('points event %s answers %s of account %s with other points, in another group or at home',
                        i.seq, o.seq, o.account_id) end
from (select * from moves where kind = 'move_out') o
full join (select * from moves where kind = 'move_in') i on i.origin_account = o.account_id and i.origin_seq = o.seq
where o.seq is null or i.seq is null or i.points <> o.points or i."group" <> o."group" or i.account_id = o.account_id
union all
select l.account_id, format('lot %s does not live as lot %s of account %s, which it came from', l.lot, l.their_lot, l.their_account)
from lives l
join lots mine on mine.account_id = l.account_id and mine.lot = l.lot
join lots theirs on theirs.account_id = l.their_account and theirs.lot = l.their_lot
where (mine.earned_at, l.activates_at, l.expires_at)
      is distinct from (theirs.earned_at, l.their_activates_at, l.their_expires_at)
union all
select t.from_account, format('transfer %s of %s points is not what input %s says', t.transfer_id, t.points, t.n)
from transfers t
left join inputs i on i.account_id = t.from_account and i.n = t.n and i.kind = 'transfer.send' and i.outcome = 'applied'
where (i.data ->> 'transfer_id', (i.data ->> 'points')::bigint, (i.data ->> 'to_account')::bigint)
      is distinct from (t.transfer_id, t.points, t.to_account)
union all
select i.account_id, format('input %s sends points, but no transfer names it', i.n)
from inputs i
where i.kind = 'transfer.send' and i.outcome = 'applied'
  and not exists (select from transfers t where t.from_account = i.account_id and t.n = i.n)

-- name: count_stock
select count(*) from reward_stock

-- name: check_stock
-- As many as are spoken for, and no more than there are.
select null::bigint as account_id,
       format('%s of %s are spoken for, of %s; the redemptions say %s', coalesce(s.taken, 0), reward_id,
              coalesce(s.total, 0), coalesce(r.counted, 0)) as what
from reward_stock s
full join (select reward_id, count(*) as counted from redemptions
           where counted and state in ('reserved', 'confirmed', 'fulfilled') group by reward_id) r using (reward_id)
where coalesce(s.taken, 0) <> coalesce(r.counted, 0) or s.taken > s.total

-- name: count_adjustments
select count(*) from adjustments

-- name: check_adjustments
-- Each that is applied has its input, and each such input its adjustment, of the same people.
select account_id,
       case when i.kind is null then format('adjustment %s names input %s, which is not there or was not applied', j.adjustment_id, n)
            when j.adjustment_id is null then format('input %s adjusts, but no adjustment names it', n)
            else format('adjustment %s is not what input %s says', j.adjustment_id, n)
       end as what
from (select * from adjustments where state = 'applied') j
full join (select account_id, n, kind, data from inputs where kind = 'admin.adjust' and outcome = 'applied') i
     using (account_id, n)
where (j.adjustment_id, j.points, j.reason, j.by_person, j.second_person)
      is distinct from
      (i.data ->> 'adjustment_id', (i.data ->> 'points')::bigint, i.data ->> 'reason', i.data ->> 'by',
       i.data ->> 'approved_by')

-- name: count_codes
select count(*) from codes

-- name: check_codes
-- Codes are where their redemptions say; they are secrets, so none is named.
with
held as (
    select r.account_id, r.redemption_id, r.state, c.state as code_state, s.code is not null as shared,
           exists (select from code_uses u where u.code = c.code) as noted
    from redemptions r
    left join codes c on c.redemption_id = r.redemption_id and c.code = r.code
    left join codes s on s.code = r.code and s.state = 'shared'
    where r.code is not null
)
select account_id, format('redemption %s is %s, its code is %s%s', redemption_id, state,
                          coalesce(code_state, 'not its own'), case when noted then ', a use is noted' else '' end) as what
from held
where not shared
  and (coalesce(code_state, 'none') <> all (case state when 'reserved' then array['taken'] when 'reversed' then array['void']
                                                       when 'confirmed' then array['given', 'used']
                                                       when 'fulfilled' then array['given', 'used']
                                                       else array['none'] end)
       or noted <> (coalesce(code_state, 'none') = 'used'))
union all
select null, format('a code of pool %s is held for redemption %s, which does not say so', c.pool, c.redemption_id)
from codes c
left join redemptions r on r.redemption_id = c.redemption_id
where c.redemption_id is not null and r.code is distinct from c.code

-- name: totals
-- Where every point that was ever issued is now: with members as their accounts say, with the programme as booked.
select
    (select coalesce(sum(points), 0) from points_events where from_bucket = 'issued')::bigint as issued,
    (select coalesce(sum(pending), 0) from accounts)::bigint as pending,
    (select coalesce(sum(available), 0) from accounts)::bigint as available,
    (select coalesce(sum(reserved), 0) from accounts)::bigint as reserved,
    (select coalesce(sum(owed), 0) from accounts)::bigint as owed,
    b.*
from (
    select
        coalesce(sum(case 'redeemed' when to_bucket then points when from_bucket then -points end), 0)::bigint as redeemed,
        coalesce(sum(case 'expired' when to_bucket then points when from_bucket then -points end), 0)::bigint as expired,
        coalesce(sum(case 'reversed' when to_bucket then points when from_bucket then -points end), 0)::bigint as reversed,
        coalesce(sum(case 'donated' when to_bucket then points when from_bucket then -points end), 0)::bigint as donated,
        coalesce(sum(case 'moved' when to_bucket then points when from_bucket then -points end), 0)::bigint as moved,
        coalesce(sum(case 'waived' when to_bucket then points when from_bucket then -points end), 0)::bigint as waived
    from points_events
) b

-- name: held_accounts
select account_id, held from accounts where held is not null order by account_id limit 20

-- name: epoch
select epoch from ledger_epoch

-- name: waiting_to_publish
-- What the relay has not sent yet, or not yet taken out of the outbox.
with waiting as (
    select convert_from(key, 'utf8') as member_id,
           ((convert_from(value, 'utf8')::json -> 'data') ->> 'version')::bigint as version
    from outbox
    where topic = $1
)
select member_id, min(version) as first, max(version) as last from waiting group by member_id

-- name: published_accounts
-- `told_before`: the last version that was told under a name that has been erased since.
select a.account_id, a.member_id, a.version, a.head_hash, coalesce(e.version, 0) as told_before
from accounts a
left join erasures e on e.account_id = a.account_id
where a.version > 0

-- name: erased_names
-- How far it was told of those whose names were erased, under the name that is kept nowhere.
select version, head_hash from erasures

-- name: heads_that_differ
-- Which of these published versions name another hash than the ledger has at that seq.
select p.member_id, p.epoch, p.version
from unnest($1::text[], $2::int[], $3::bigint[], $4::bigint[], $5::bytea[]) as p(member_id, epoch, version, seq, head)
left join accounts a on a.member_id = p.member_id
left join points_events e on e.account_id = a.account_id and e.seq = p.seq
where e.hash is distinct from p.head
  and not exists (select from erasures x  -- told under a name that has been erased since
                  join points_events y on y.account_id = x.account_id and y.seq = p.seq and y.hash = p.head
                  where a.account_id is null)

-- name: unknown_inputs
select p.source, p.id
from unnest($1::text[], $2::text[]) as p(source, id)
left join inputs i on i.source = p.source and i.id = p.id
where i.id is null

-- name: plan_for_sums
select set_config('enable_nestloop', 'off', true), set_config('jit', 'off', true)
