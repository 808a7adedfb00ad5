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
