-- Consumer positions, dead letters and the outbox.

-- name: positions_read
select topic, partition, next_offset, log_end, business_time
from positions
where consumer_group = $1
  and (topic, partition) in (select * from unnest($2::text[], $3::int[]))

-- name: positions_write
-- Nothing here ever goes back: a frozen process that wakes up late must not undo what its
-- successor wrote. The business time stays where it is when a batch brings none.
insert into positions as p (consumer_group, topic, partition, next_offset, log_end, business_time)
select $1, * from unnest($2::text[], $3::int[], $4::bigint[], $5::bigint[], $6::timestamptz[])
on conflict (consumer_group, topic, partition) do update
set next_offset = greatest(p.next_offset, excluded.next_offset),
    log_end = greatest(p.log_end, excluded.log_end),
    business_time = greatest(p.business_time, excluded.business_time)

-- name: positions_of_groups
select consumer_group, topic, partition, next_offset, log_end, business_time
from positions
where consumer_group like $1 || '%'
order by consumer_group, topic, partition

-- name: stream_time
-- A partition that is behind and has no business time yet holds the clock back altogether.
select case
    when bool_or(next_offset < log_end and business_time is null) then null
    when bool_or(next_offset < log_end) then min(business_time) filter (where next_offset < log_end)
    else max(business_time)
end
from positions
where consumer_group = $1

-- name: dead_letters_insert
insert into dead_letters (consumer_group, topic, partition, "offset", key, value, headers, stage,
                          reason, field, message, release, failed_at)
select * from unnest($1::text[], $2::text[], $3::int[], $4::bigint[], $5::bytea[], $6::bytea[],
                     $7::json[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[],
                     $13::timestamptz[])
on conflict on constraint dead_letters_coordinates_unique do nothing

-- name: outbox_insert
insert into outbox (shard, topic, key, value, headers)
select * from unnest($1::smallint[], $2::text[], $3::bytea[], $4::bytea[], $5::text[])

-- name: outbox_read
-- The lowest ids of every held shard; no cursor, so a row that commits late is simply found later.
select o.shard, o.id, o.topic, o.key, o.value, o.headers
from unnest($1::smallint[]) as held (shard)
cross join lateral (
    select * from outbox where outbox.shard = held.shard order by outbox.id limit $2
) as o
order by o.shard, o.id

-- name: outbox_delete
delete from outbox using unnest($1::smallint[], $2::bigint[]) as sent (shard, id)
where outbox.shard = sent.shard and outbox.id = sent.id

-- name: outbox_waiting
select count(*) from (select from outbox limit $1) as waiting

-- name: relay_enlist
select pg_advisory_lock_shared($1, 0)

-- name: relay_count
-- How many relay processes are there: each holds the enlisting lock once, shared.
select count(*) from pg_locks
where locktype = 'advisory' and classid = $1::int4::oid and objid = 0 and objsubid = 2 and granted
  and database = (select oid from pg_database where datname = current_database())

-- name: relay_take
select shard from unnest($2::int[]) as wanted (shard)
where pg_try_advisory_lock($1, shard) limit $3

-- name: relay_let_go
select pg_advisory_unlock($1, shard) from unnest($2::int[]) as held (shard)
