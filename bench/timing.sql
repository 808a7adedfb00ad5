-- What the runner asks a side's database. Every side has these tables and columns.

-- name: first_batch
with recorded as (
    select recorded_at, count(*) as orders from inputs
    where recorded_at >= to_timestamp($1) group by 1 order by 1 limit 1
)
select extract(epoch from recorded_at)::float8 as start, orders from recorded

-- name: outbox_empty
select not exists (select from outbox)

-- name: joined
-- Members that have joined and whose news is out.
select case when exists (select from outbox) then 0 else count(joined_at) end from accounts

-- name: forget_positions
delete from positions

-- name: fingerprint
-- Of everything a ledger holds but when it was recorded, and the hashes that depend on it.
-- A remainder of 0 is the same as none.
with told as (
    select 1 as what, account_id as a, n as b,
           row(source, id, kind, business_time, data::text, digest, outcome, reason)::text as row
    from inputs
    union all
    select 2, account_id, seq,
           row(kind, points, from_bucket, to_bucket, lot, corrects, "group", cause, order_id, line_id,
               rule, program_version, exact, activates_at, expires_at, funder, effective_at,
               hash_form)::text
    from points_events
    union all
    select 3, account_id, lot, lots::text from lots
    union all
    select 4, account_id, n, orders::text from orders
    union all
    select 5, account_id, 0, order_lines::text from order_lines
    union all
    select 6, account_id, 0,
           row(pending, available, reserved, owed, seq, inputs, tier_seq, version, account_time,
               joined_at, left_at, tier, next_due_at, state::jsonb - 'remainders',
               coalesce((state::jsonb #>> '{remainders,base}')::bigint, 0))::text
    from accounts
)
select md5(string_agg(md5(row), '' order by what, a, b, row)) from told
