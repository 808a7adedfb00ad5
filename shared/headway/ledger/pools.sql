-- name: create_pool
insert into pools (pool_id) values ($1)

-- name: lock_pool
-- Before any account: whoever changes a pool, or spends from it, does so alone.
select state from pools where pool_id = $1 for no key update

-- name: dissolve_pool
update pools set state = 'dissolved' where pool_id = $1

-- name: pool_of
-- The pool that an account has joined. Exact once that pool is locked and this is asked again.
select pool_id from pool_members where account_id = $1 and state = 'joined'

-- name: account_of
select account_id from accounts where member_id = $1 and joined_at is not null

-- name: pool_members
-- Who has joined and who is invited, the owner first.
select m.account_id, a.member_id, m.role, m.state, m.may_spend, m.since
from pool_members m
join accounts a using (account_id)
where m.pool_id = $1 and m.state <> 'left'
order by m.role <> 'owner', m.state <> 'joined', m.since, m.account_id

-- name: put_member
insert into pool_members (pool_id, account_id, role, state, may_spend) values ($1, $2, $3, $4, $5)
on conflict on constraint pool_members_pkey do update
   set state = excluded.state, may_spend = excluded.may_spend,
       since = case when pool_members.state = excluded.state then pool_members.since else clock_timestamp() end

-- name: all_leave
update pool_members set state = 'left', since = clock_timestamp() where pool_id = $1 and state <> 'left'

-- name: pools_about
-- Pools that an account has joined, or is invited to.
select pool_id from pool_members where account_id = $1 and state <> 'left' order by pool_id

-- name: note_act
insert into pool_events (pool_id, act, by_account, about_account, by_key, by_member) values ($1, $2, $3, $4, $5, $6)

-- name: lock_joined
-- The accounts of all who have joined, in ascending id as accounts are ever locked.
select account_id, member_id, pending, available, reserved, owed, seq, inputs, tier_seq, version, head_hash,
       account_time, recorded_at, joined_at, left_at, tier, next_due_at, state::text as state
from accounts
where account_id in (select account_id from pool_members where pool_id = $1 and state = 'joined')
order by account_id
for no key update

-- name: read_joined
select account_id, member_id, pending, available, reserved, owed, seq, inputs, tier_seq, version, head_hash,
       account_time, recorded_at, joined_at, left_at, tier, next_due_at, state::text as state
from accounts
where account_id in (select account_id from pool_members where pool_id = $1 and state = 'joined')
order by account_id

-- name: pool_state
select state from pools where pool_id = $1

-- name: invitations
select m.pool_id, o.member_id as owner_id, m.may_spend, m.since
from pool_members m
join pool_members p on p.pool_id = m.pool_id and p.role = 'owner'
join accounts o on o.account_id = p.account_id
where m.account_id = $1 and m.state = 'invited'
order by m.since, m.pool_id

-- name: is_joined
select exists (select from pool_members m join accounts a using (account_id)
               where m.pool_id = $1 and a.member_id = $2 and m.state = 'joined')
