-- Statements of the hand-written floor, on Headway's own tables.

-- name: create_accounts
insert into accounts (member_id) select unnest($1::text[]) order by 1 on conflict do nothing

-- name: lock_accounts
select account_id, member_id, pending, available, reserved, owed, seq, inputs, version, head_hash,
       account_time, joined_at, tier, next_due_at, state
from accounts where member_id = any ($1::text[]) order by account_id for update

-- name: known
-- What is there of a batch already: inputs (by position in the batch) and orders.
select 'input' as what, b.at, null as order_id, i.digest
from unnest($1::text[], $2::text[]) with ordinality as b (source, id, at)
cross join lateral (  -- a look-up each: the planner would rather read all of inputs
    select digest from inputs where source = b.source and id = b.id limit 1
) i
union all
select 'order', null, o.order_id, o.digest from orders o where o.order_id = any ($3::text[])

-- name: write
-- Arrays of whole rows: an array per column costs the driver a type test for every single value.
with new_inputs as (
    insert into inputs select * from unnest($1::inputs[])
), new_points as (
    insert into points_events select * from unnest($2::points_events[])
), new_lots as (
    insert into lots select * from unnest($3::lots[])
), new_orders as (
    insert into orders select * from unnest($4::orders[])
), new_lines as (
    insert into order_lines select * from unnest($5::order_lines[])
), moved as (
    update accounts a
    set pending = c.pending, seq = c.seq, inputs = c.inputs, version = c.version,
        head_hash = c.head_hash, account_time = c.account_time, recorded_at = c.recorded_at,
        next_due_at = c.next_due_at, state = c.state
    from unnest($6::accounts[]) c where a.account_id = c.account_id
), placed as (
    insert into positions select * from unnest($7::positions[])
    on conflict on constraint positions_pkey do update
    set next_offset = excluded.next_offset, log_end = excluded.log_end,
        business_time = excluded.business_time
)
insert into outbox (shard, topic, key, value, headers)
select shard, topic, key, value, headers from unnest($8::outbox_in[])

-- name: outbox_read
select shard, id, topic, key, value, headers from outbox
where shard between 0 and 15 order by id limit $1

-- name: outbox_delete
delete from outbox o using unnest($1::smallint[], $2::bigint[]) as d (shard, id)
where o.shard = d.shard and o.id = d.id

-- name: positions
select partition, next_offset from positions where consumer_group = $1 and topic = $2
