-- What operators look at. The figures are read every few seconds: each statement reads a bounded number of rows.

-- name: job_ran
-- $1 job, $2 outcome, $3 how much it did, $4 trouble, $5 seconds until it should have run again.
insert into job_runs as j (job, ran_at, outcome, since, ok_at, did, trouble, next_at)
select $1, moment, $2, moment, case when $2 = 'ok' then moment end, $3, $4, moment + make_interval(secs => $5)
from clock_timestamp() as moment
on conflict on constraint job_runs_pkey do update
set ran_at = excluded.ran_at, outcome = excluded.outcome,
    since = case when j.outcome = excluded.outcome then j.since else excluded.since end,
    ok_at = coalesce(excluded.ok_at, j.ok_at), did = excluded.did, trouble = excluded.trouble,
    next_at = excluded.next_at
where j.ran_at <= excluded.ran_at

-- name: jobs
select job, ran_at, outcome, since, ok_at, did, trouble, next_at,
       greatest(extract(epoch from clock_timestamp() - next_at), 0)::float8 as overdue_s
from job_runs order by job

-- name: forget_job
delete from job_runs where job = $1 returning job

-- name: verify_ran
insert into verify_runs (began_at, took_s, scope, ok, findings, release) values ($1, $2, $3, $4, $5::json, $6)

-- name: verify_runs
select began_at, took_s, scope, ok, findings::text as findings, release
from verify_runs order by run desc limit $1

-- name: outbox_standing
-- The oldest row of a shard is the one with its lowest id.
select (select count(*) from (select from outbox limit $1) as waiting) as waiting,
       coalesce(extract(epoch from clock_timestamp() - min(first.recorded_at)), 0)::float8 as oldest_s
from generate_series(0, 15) as s (shard)
cross join lateral (
    select o.recorded_at from outbox o where o.shard = s.shard order by o.id limit 1
) as first

-- name: dead_letters_standing
select count(*) from (select from dead_letters where replayed_at is null limit $1) as waiting

-- name: accounts_held
select count(*) from (select from accounts where held is not null limit $1) as held

-- name: redemptions_standing
-- Of a small table each row is counted. Of one with more than $2 rows only what is reserved, by its index and up to $1;
-- of the other states there is what the planner has noted.
with sample as materialized (select state from redemptions limit $2 + 1),
     large as (select count(*) > $2 as so from sample)
select state, count(*) as number from sample, large where not large.so group by state
union all
select 'reserved', count(*)
from (select from redemptions, large where large.so and state = 'reserved' limit $1) as held, large
where large.so group by large.so
union all
select noted.state, greatest(c.reltuples * noted.share, 0)::bigint
from large
join pg_class c on large.so and c.oid = 'redemptions'::regclass
join pg_stats s on s.schemaname = c.relnamespace::regnamespace::text and s.tablename = c.relname and s.attname = 'state'
cross join lateral unnest(s.most_common_vals::text::text[], s.most_common_freqs) as noted (state, share)
where noted.state <> 'reserved'

-- name: notifications_standing
-- As redemptions: of a large table what is due, decided, being sent, failed or to be tried again is counted up to $1.
with sample as materialized (select state from notify.notifications limit $2 + 1),
     large as (select count(*) > $2 as so from sample),
     waiting as (
         (select 'due' as state from notify.notifications, large where large.so and state = 'due' limit $1)
         union all
         (select state from notify.notifications, large
          where large.so and state in ('decided', 'unknown') and next_attempt_at is not null limit $1)
         union all
         (select 'sending' from notify.notifications, large where large.so and state = 'sending' limit $1)
         union all
         (select 'failed' from notify.notifications, large where large.so and state = 'failed' limit $1)
     )
select state, count(*) as number from sample, large where not large.so group by state
union all
select state, count(*) from waiting group by state
union all
select noted.state, greatest(c.reltuples * noted.share, 0)::bigint
from large
join pg_class c on large.so and c.oid = 'notify.notifications'::regclass
join pg_stats s on s.schemaname = c.relnamespace::regnamespace::text and s.tablename = c.relname and s.attname = 'state'
cross join lateral unnest(s.most_common_vals::text::text[], s.most_common_freqs) as noted (state, share)
where noted.state in ('sent', 'skipped')

-- name: handovers_standing
-- What waits on roads other than mail, and what failed there, up to $1 rows of each.
select road, state, count(*) as number from (
    (select road, state from notify.handovers
     where state in ('decided', 'unknown') and next_attempt_at is not null limit $1)
    union all
    (select road, state from notify.handovers where state = 'sending' limit $1)
    union all
    (select road, state from notify.handovers where state = 'failed' limit $1)
) as waiting
group by road, state
