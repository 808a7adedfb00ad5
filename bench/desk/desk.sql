-- What the bench of the desk asks of a ledger.

-- name: texts
-- What a redemption wrote, by the keys of its two commands.
select r.data::text as sample_reserve_body, c.data::text as sample_confirm_body,
       kr.answer::text as sample_reserve_answer, kc.answer::text as sample_confirm_answer,
       convert_from(mr.value, 'UTF8') as sample_reserve_message, convert_from(mc.value, 'UTF8') as sample_confirm_message,
       mc.topic as sample_topic, mc.headers as sample_headers, a.state::text as sample_state
from inputs r
join inputs c on c.source = r.source and c.id = $2
join accounts a on a.account_id = r.account_id
join idempotency_keys kr on kr.key = r.id
join idempotency_keys kc on kc.key = c.id
join outbox mr on strpos(convert_from(mr.value, 'UTF8'), '"' || r.id || '"') > 0
join outbox mc on strpos(convert_from(mc.value, 'UTF8'), '"' || c.id || '"') > 0
where r.source = 'headway/redeem' and r.id = $1

-- name: orders_decided
select count(*) from inputs where kind = 'order.paid'

-- name: redeemed
select count(*) filter (where state = 'confirmed') as confirmed, count(*) filter (where state <> 'confirmed') as open,
       (select coalesce(sum(taken), 0) from reward_stock) as taken
from redemptions

-- name: written
-- Rows, and bytes of them, of all that redemptions write; of accounts and lots where they stand.
select 'inputs' as name, count(*) as rows, sum(pg_column_size(i)) as bytes
from inputs i where source = 'headway/redeem'
union all
select 'points_events', count(*), sum(pg_column_size(e)) from points_events e where kind in ('reserve', 'redeem')
union all
select 'outbox', count(*), sum(pg_column_size(o)) from outbox o
union all
select 'redemptions', count(*), sum(pg_column_size(r)) from redemptions r where state = 'confirmed'
union all
select 'idempotency_keys', count(*), sum(pg_column_size(k)) from idempotency_keys k
union all
select 'accounts', sum(seq) + sum(inputs) + sum(version), sum(pg_column_size(a)) from accounts a
union all
select 'lots', sum(available) + sum(reserved), sum(pg_column_size(l)) from lots l
