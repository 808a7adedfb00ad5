-- name: read_wishes
-- For one account and some rewards: how often each was had since a moment, how many are left, whether its pool has a
-- code. Nothing is locked: stock is taken, or found to be gone, at the end of the transaction.
select w.reward_id,
       (select count(*) from redemptions r
        where r.account_id = $1 and r.reward_id = w.reward_id and r.reserved_at >= w.since
          and r.state in ('reserved', 'confirmed', 'fulfilled')) as had,
       s.total - s.taken as left,
       w.pool is null or exists (select from codes c
                                 where c.pool = w.pool and c.state in ('free', 'shared') and c.state = w.code_state) as coded
from unnest($2::text[], $3::timestamptz[], $4::text[], $5::text[]) as w(reward_id, since, pool, code_state)
left join reward_stock s using (reward_id)

-- name: take_stock
-- One more is spoken for; no row when there is none left. The first to ask brings the programme's own number.
insert into reward_stock (reward_id, total, taken) values ($1, $2, 1)
on conflict on constraint reward_stock_pkey
do update set taken = reward_stock.taken + 1 where reward_stock.taken < reward_stock.total
returning taken

-- name: give_back_stock
update reward_stock set taken = taken - 1 where reward_id = $1

-- name: set_stock
-- No row when more than that are spoken for already.
insert into reward_stock (reward_id, total) values ($1, $2)
on conflict on constraint reward_stock_pkey
do update set total = excluded.total where reward_stock.taken <= excluded.total
returning total, taken

-- name: read_stock
select reward_id, total, taken from reward_stock order by reward_id

-- name: take_code
-- A code that nobody else is about to take.
update codes set state = 'taken', redemption_id = $2
where code = (select code from codes where pool = $1 and state in ('free', 'shared') and state = 'free'
              limit 1 for no key update skip locked)
returning code

-- name: shared_code
select code from codes where pool = $1 and state in ('free', 'shared') and state = 'shared' order by code limit 1

-- name: lock_code_of
-- The code that a redemption holds, so that nobody uses it meanwhile.
select state from codes where redemption_id = $1 for no key update

-- name: give_code
update codes set state = 'given', valid_until = $2 where redemption_id = $1

-- name: free_code
update codes set state = 'free', redemption_id = null where redemption_id = $1

-- name: void_code
update codes set state = 'void' where redemption_id = $1

-- name: read_code
-- What a code is good for. Of a shared one no redemption says so.
select c.code, c.pool, c.state, c.valid_until, r.redemption_id, r.reward_id, r.reward_name, r.kind, r.value_minor, r.currency,
       r.automatic
from codes c
left join redemptions r on r.redemption_id = c.redemption_id
where c.code = any($1::text[])
order by c.code = ($1::text[])[1] desc
limit 1

-- name: lock_code
select from codes where code = $1 for no key update

-- name: use_code
update codes set state = 'used' where code = $1 and state = 'given'

-- name: note_use
insert into code_uses (code, key, order_id, used_at) values ($1, $2, $3, $4)

-- name: uploading
create temporary table uploaded_codes (line bigint not null, code text not null) on commit drop

-- name: repeated_codes
-- Codes that stand in a file more than once: where first, and where again.
select first, line from (
    select line, min(line) over (partition by code) as first from uploaded_codes
) l
where line > first
order by line
limit 20

-- name: codes_elsewhere
-- Codes of a file that another pool has, or that are not of that kind.
select u.line, c.pool, c.state
from uploaded_codes u
join codes c using (code)
where c.pool <> $1 or (c.state = 'shared') <> ($2 = 'shared')
order by u.line
limit 20

-- name: add_codes
insert into codes (code, pool, state)
select code, $1, $2 from uploaded_codes order by code
on conflict on constraint codes_pkey do nothing

-- name: read_pools
select pool, state, count(*) as codes from codes group by pool, state order by pool, state
