-- The points of a month. Two trips: what the programme says of months, then every sum at once, added up
-- where the rows are: what comes back has as many rows as there are rules and pairs of buckets.

-- name: programmes
-- Also sets the plan for sums (see plan_for_sums in verify.sql): it costs no trip of its own.
select version, document, recorded_at, now() as now,
       set_config('enable_nestloop', 'off', true) as no_loops, set_config('jit', 'off', true) as no_jit
from program_versions
order by version

-- name: sums
-- $1, $2: the first instant of the month, and the first after it; $3: whether business time counts.
-- Points are told under the rule of the lot that moves; what is owed or waived is of no lot, and told
-- under the rule of the award it corrects. Three things that must agree: flows, accounts, lots.
with
flows as (
    select coalesce(award.rule, e.rule, '(none)') as rule,
           case when m.at < $1::timestamptz then 'before' when m.at < $2::timestamptz then 'during' else 'after' end as period,
           e.from_bucket, e.to_bucket, sum(e.points) as points
    from points_events e
    cross join lateral (select case when $3::boolean then e.effective_at else e.recorded_at end) as m(at)
    left join points_events award on award.account_id = e.account_id and award.seq = coalesce(e.lot, e.corrects)
    where e.points > 0
    group by 1, 2, 3, 4
)
select 'flow' as what, rule, period, from_bucket, to_bucket, points::bigint as points from flows
union all
select 'account', '', '', '', b.bucket, coalesce(b.points, 0)::bigint
from (select sum(pending), sum(available), sum(reserved), sum(owed) from accounts) as a(pending, available, reserved, owed)
cross join lateral (values ('pending', a.pending), ('available', a.available), ('reserved', a.reserved),
                           ('owed', a.owed)) as b(bucket, points)
union all
select 'lots', rule, '', '', '', sum(pending + available + reserved)::bigint from lots group by rule
