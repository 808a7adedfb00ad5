-- A ledger full of points that are due to expire, and what became of them.

-- name: fill
-- $1 accounts of $2 lots each, each lot of an order of its own, all available and all past their end.
-- Rows are those that earn would have written, but for the hashes: nothing here reads the chain.
with members as (
    insert into accounts (member_id, available, seq, inputs, version, account_time, recorded_at, joined_at,
                          next_due_at, state)
    select format('due-%s', lpad(n::text, 8, '0')), 100 * $2, $2, $2 + 1, $2 + 1, now() - interval '400 days',
           now() - interval '400 days', now() - interval '800 days', d.due_at,
           json_build_object('purchases', $2)
    from generate_series(1, $1) as n
    cross join lateral (select date_trunc('day', now()) - (n % 30 + 1) * interval '1 day' as due_at) d
    returning account_id, member_id, joined_at, next_due_at as due_at
),
bought as (
    select m.*, k as lot, m.joined_at + k * interval '1 day' as paid_at,
           format('%s-%s', m.member_id, k) as order_id
    from members m cross join generate_series(1, $2) as k
),
joins as (
    insert into inputs
    select 'bench/shop', member_id || '-joined', account_id, 1, 'member.joined', joined_at, joined_at,
           json_build_object('member_id', member_id), sha256(member_id::bytea), 'applied', ''
    from members
),
orders_paid as (
    insert into inputs
    select 'bench/shop', order_id || '-paid', account_id, lot + 1, 'order.paid', paid_at, paid_at,
           json_build_object('member_id', member_id, 'order_id', order_id, 'currency', 'USD'),
           sha256(order_id::bytea), 'applied', ''
    from bought
),
known as (
    insert into orders
    select order_id, account_id, lot + 1, 1, sha256(order_id::bytea), 'USD', paid_at, '', 1, true from bought
),
earned as (
    insert into points_events (account_id, seq, kind, points, from_bucket, to_bucket, lot, cause, order_id, line_id,
                               rule, program_version, exact, activates_at, expires_at, effective_at, recorded_at,
                               prev_hash, hash)
    select account_id, lot, 'earn', 100, 'issued', 'available', lot, lot + 1, order_id, '1', 'base', 1, 100000000,
           paid_at, due_at, paid_at, paid_at, sha256(''), sha256('')
    from bought
)
insert into lots
select account_id, lot, 100, 0, 100, 0, 0, 0, 100000000, 0, 'base', 'order:' || order_id, '1', 1, paid_at, paid_at,
       due_at
from bought

-- name: decided
select min(recorded_at) as first, max(recorded_at) as last, count(*) as orders
from inputs where kind = 'order.paid' and recorded_at >= $1

-- name: after
-- Between two moments, so that neither start nor end of the run counts.
select (select count(*) from inputs
         where kind = 'order.paid' and recorded_at > $1 and recorded_at <= $2) as orders,
       (select count(*) from points_events
         where kind = 'expire' and recorded_at > $1 and recorded_at <= $2) as lots,
       (select count(*) from inputs
         where kind = 'tick' and recorded_at > $1 and recorded_at <= $2) as accounts

-- name: consumed
select coalesce(sum(next_offset), 0) from positions where topic like '%orders'
