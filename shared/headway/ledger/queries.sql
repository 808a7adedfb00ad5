-- name: create_accounts
-- Sorted, so that two batches never wait for each other crosswise; only the missing, so that ids are not burnt.
insert into accounts (member_id)
select m.member_id from unnest($1::text[]) as m(member_id)
where not exists (select from accounts a where a.member_id = m.member_id)
order by m.member_id
on conflict on constraint accounts_member_id_unique do nothing

-- name: lock_accounts
-- In ascending id: the one order in which accounts are ever locked.
select account_id, member_id, pending, available, reserved, owed, seq, inputs, tier_seq, version, head_hash,
       account_time, recorded_at, joined_at, left_at, tier, next_due_at, state::text as state
from accounts
where member_id = any($1::text[])
order by account_id
for no key update

-- name: lock_accounts_by_id
select account_id, member_id, pending, available, reserved, owed, seq, inputs, tier_seq, version, head_hash,
       account_time, recorded_at, joined_at, left_at, tier, next_due_at, state::text as state
from accounts
where account_id = any($1::bigint[])
order by account_id
for no key update

-- name: lock_due_accounts
-- What nothing else wakes: accounts with something due, some at a time, past those others hold. The longest due
-- first, by the index on it: by account, every look would pass over all that were settled before. Locks that are
-- never waited for may be taken in any order.
with due as materialized (
    select account_id, member_id, pending, available, reserved, owed, seq, inputs, tier_seq, version, head_hash,
           account_time, recorded_at, joined_at, left_at, tier, next_due_at, state::text as state
    from accounts
    where next_due_at <= $1::timestamptz and held is null
    order by next_due_at
    limit $2
    for no key update skip locked
)
select * from due order by account_id

-- name: hold_account
update accounts set held = $2 where account_id = $1

-- name: accounts_held
select account_id, member_id, held, next_due_at from accounts where held is not null order by account_id limit $1

-- name: let_account_go
update accounts set held = null where account_id = $1 and held is not null returning account_id

-- name: read_known
-- After the locks: which inputs are repeats, what is parked, and the clock, epoch and programme to go by.
select
    clock_timestamp() as now,
    (select epoch from ledger_epoch) as epoch,
    (select confirmed_at from ledger_epoch) as confirmed_at,
    pg_postmaster_start_time() as started,
    (select coalesce(max(version), 0) from program_versions) as program_version,
    (select count(*)
       from unnest($5::text[], $6::int[], $7::bigint[]) as seen(topic, partition, next_offset)
       left join positions p on p.consumer_group = $4 and p.topic = seen.topic and p.partition = seen.partition
      where coalesce(p.next_offset, 0) < seen.next_offset) as behind,
    (select json_agg(json_build_array(i.source, i.id, encode(i.digest, 'hex')))
       from unnest($1::text[], $2::text[]) as k(source, id)
       join inputs i on i.source = k.source and i.id = k.id)::text as known,
    (select json_agg(json_build_array(p.account_id, p.n, p.waits_for, i.source, i.id, i.kind,
                                      i.business_time, i.data::text, encode(i.digest, 'hex')))
       from parked p
       join inputs i on i.account_id = p.account_id and i.n = p.n
      where p.account_id = any($3::bigint[]))::text as parked

-- name: read_keys
-- Business keys and what hangs on them, in one trip.
-- $8: accounts that are decided again, of which everything that hangs on their inputs is needed; $9: accounts of which
-- something may come back that points have paid for.
with history as materialized (
    select account_id, n, source, id, kind, business_time, data, digest
    from inputs
    where account_id = any($8::bigint[]) and kind <> 'tick' and not starts_with(kind, 'redemption.') and not starts_with(kind, 'admin.')
      and not starts_with(kind, 'transfer.') and not starts_with(kind, 'pool.') and not starts_with(kind, 'goal.')
),
wanted as (
    select o.* from orders o where o.order_id = any($1::text[])
    union
    select o.* from order_lines l
      join unnest($2::bigint[], $3::text[]) as k(account_id, sku) on l.account_id = k.account_id and l.sku = k.sku
      join orders o on o.order_id = l.order_id
    union
    select o.* from history h join orders o on o.order_id = h.data ->> 'order_id'
    where h.kind = 'order.paid' and o.account_id = h.account_id
)
select
    (select json_agg(json_build_array(account_id, n, source, id, kind, business_time, data::text,
                                      encode(digest, 'hex'))) from history)::text as history,
    (select json_agg(json_build_array(order_id, account_id, n, order_version, encode(digest, 'hex'), currency,
                                      paid_at, tier, program_version, counts, fulfilled_at)) from wanted)::text as orders,
    (select json_agg(json_build_array(l.order_id, l.account_id, l.line_id, l.sku, l.category, l.quantity,
                                      l.returned, l.amount, l.paid_with_points, l.full_amount))
       from wanted o join order_lines l on l.account_id = o.account_id and l.order_id = o.order_id)::text as lines,
    (select json_agg(json_build_array(refund_id, account_id, n, encode(digest, 'hex')))
       from refunds where refund_id = any($4::text[] || array(
            select data ->> 'refund_id' from history where kind = 'order.refunded')))::text as refunds,
    (select json_agg(json_build_array(review_id, account_id, n, encode(digest, 'hex'), removed))
       from reviews where review_id = any($5::text[] || array(
            select data ->> 'review_id' from history where kind = 'review.published')))::text as reviews,
    (select json_agg(json_build_array(referral_id, account_id))
       from referees where referral_id = any($6::text[]))::text as referrals,
    (select json_agg(json_build_array(effect_key, account_id, revision, exact))
       from effect_awards where effect_key = any($7::text[] || array(
            select concat_ws(':', data ->> 'referral_id', data ->> 'rule',
                             case when (data ->> 'per_order')::boolean then data ->> 'order_id' end)
            from history where kind = 'effect')))::text as effects,
    (select json_agg(json_build_array(r.redemption_id, r.account_id, r.order_id, r.points, r.value_minor, r.currency,
                                      r.state, r.reserved_at, r.updated_at,
                                      (select json_agg(json_build_array(p.lot, p.held, p.taken) order by p.first)
                                         from redemption_lots p
                                        where p.account_id = r.account_id and p.redemption_id = r.redemption_id),
                                      r.restored_points, r.restored_minor))
       from redemptions r where r.account_id = any($9::bigint[]) and r.order_id is not null)::text as payments

-- name: read_lots
-- Of accounts $1: open lots, and those of the awards $2. Of $3 (decided again): all. Of $4 only what is due
-- by $5, or expires by $6 (of which people may have to be told). Of $7 also what has expired since $8 and may come back;
-- of $9 the lots $10, empty or not: what they paid for may be given back. With $11, of $7 the open ones, too, where any
-- may come back.
with revived as (
    select distinct back.account_id
    from unnest($7::bigint[], $8::timestamptz[]) as back(account_id, since)
    join lots l on l.account_id = back.account_id and l.expired > 0 and l.expires_at >= back.since
    where $11::boolean
)
select account_id, lot, points, pending, available, reserved, expired, waived, exact, exact_returned,
       rule, award, line_id, program_version, earned_at, activates_at, expires_at
from lots
where account_id = any($1::bigint[])
  and (pending > 0 or available > 0 or reserved > 0 or award = any($2::text[]))
union all
select account_id, lot, points, pending, available, reserved, expired, waived, exact, exact_returned,
       rule, award, line_id, program_version, earned_at, activates_at, expires_at
from lots
where account_id = any($3::bigint[])
union all
select l.account_id, l.lot, l.points, l.pending, l.available, l.reserved, l.expired, l.waived, l.exact, l.exact_returned,
       l.rule, l.award, l.line_id, l.program_version, l.earned_at, l.activates_at, l.expires_at
from unnest($4::bigint[], $5::timestamptz[], $6::timestamptz[]) as due(account_id, until, told)
join lateral (
    select * from lots where account_id = due.account_id and pending > 0 and activates_at <= due.until
    union
    select * from lots
    where account_id = due.account_id and available > 0 and expires_at is not null and expires_at <= due.told
    union  -- and of the others the next one, so that it is known when something is due again
    (select * from lots where account_id = due.account_id and pending > 0 and activates_at > due.until
     order by activates_at limit 1)
    union
    (select * from lots
     where account_id = due.account_id and available > 0 and expires_at is not null and expires_at > due.told
     order by expires_at limit 1)
) l on true
union all
select l.account_id, l.lot, l.points, l.pending, l.available, l.reserved, l.expired, l.waived, l.exact, l.exact_returned,
       l.rule, l.award, l.line_id, l.program_version, l.earned_at, l.activates_at, l.expires_at
from unnest($7::bigint[], $8::timestamptz[]) as back(account_id, since)
join lots l on l.account_id = back.account_id and l.expired > 0 and l.expires_at >= back.since
union all
select l.account_id, l.lot, l.points, l.pending, l.available, l.reserved, l.expired, l.waived, l.exact, l.exact_returned,
       l.rule, l.award, l.line_id, l.program_version, l.earned_at, l.activates_at, l.expires_at
from revived
join lots l on l.account_id = revived.account_id and (l.pending > 0 or l.available > 0 or l.reserved > 0)
union all
select l.account_id, l.lot, l.points, l.pending, l.available, l.reserved, l.expired, l.waived, l.exact, l.exact_returned,
       l.rule, l.award, l.line_id, l.program_version, l.earned_at, l.activates_at, l.expires_at
from unnest($9::bigint[], $10::bigint[]) as spent(account_id, lot)
join lots l on l.account_id = spent.account_id and l.lot = spent.lot

-- name: read_programs
select version, from_at, document from program_versions order by version

-- name: write_batch
-- Everything a batch decided, in one trip. Inputs and business keys go without ON CONFLICT: a lost
-- race must be seen. Rows come as arrays of composite values: half the work of an array a column.
-- Most new lots stand as the earn row of an order has opened them, and follow from it; $8 are the others.
with
new_inputs as (
    insert into inputs select * from unnest($1::inputs[])
),
released_inputs as (
    update inputs i set outcome = t.outcome, reason = t.reason
    from unnest($2::outcome_in[]) as t
    where i.source = t.source and i.id = t.id
),
now_parked as (
    insert into parked select * from unnest($3::parked[])
    on conflict on constraint parked_pkey do update set waits_for = excluded.waits_for
),
no_longer_parked as (
    delete from parked p
    using unnest($4::bigint[], $5::bigint[]) as t(account_id, n)
    where p.account_id = t.account_id and p.n = t.n
),
new_points as (
    insert into points_events (account_id, seq, kind, points, from_bucket, to_bucket, lot, corrects, "group", cause,
                               order_id, line_id, rule, program_version, exact, activates_at, expires_at,
                               effective_at, origin_account, origin_seq, recorded_at, prev_hash, hash)
    select * from unnest($6::points_event_in[])
    returning account_id, seq, kind, points, to_bucket, order_id, line_id, rule, program_version, exact, activates_at,
              expires_at, effective_at
),
new_tiers as (
    insert into tier_events select * from unnest($7::tier_events[])
),
new_lots as (
    insert into lots
    select account_id, seq, points, case to_bucket when 'pending' then points else 0 end,
           case to_bucket when 'available' then points else 0 end, 0, 0, 0, exact, 0, rule, 'order:' || order_id,
           coalesce(line_id, ''), program_version, effective_at, activates_at, expires_at
    from new_points
    where kind = 'earn' and order_id is not null
      and (account_id, seq) not in (select account_id, lot from unnest($8::lots[]))
    union all
    select * from unnest($8::lots[])
),
changed_lots as (
    update lots l
       set pending = t.pending, available = t.available, reserved = t.reserved, expired = t.expired,
           waived = t.waived, exact_returned = t.exact_returned, activates_at = t.activates_at,
           expires_at = t.expires_at
    from unnest($9::lots[]) as t
    where l.account_id = t.account_id and l.lot = t.lot
),
new_orders as (
    insert into orders select * from unnest($10::orders[])
),
changed_orders as (
    update orders o
       set order_version = t.order_version, digest = t.digest, tier = t.tier,
           program_version = t.program_version, counts = t.counts, paid_at = t.paid_at, fulfilled_at = t.fulfilled_at
    from unnest($11::orders[]) as t
    where o.order_id = t.order_id
),
new_lines as (
    insert into order_lines select * from unnest($12::order_lines[])
),
changed_lines as (
    update order_lines l
       set sku = t.sku, category = t.category, quantity = t.quantity, returned = t.returned, amount = t.amount,
           paid_with_points = t.paid_with_points, full_amount = t.full_amount
    from unnest($13::order_lines[]) as t
    where l.account_id = t.account_id and l.order_id = t.order_id and l.line_id = t.line_id
),
new_refunds as (
    insert into refunds select * from unnest($14::refunds[])
),
new_reviews as (
    insert into reviews select * from unnest($15::reviews[])
),
changed_reviews as (
    update reviews r set removed = t.removed
    from unnest($16::reviews[]) as t
    where r.review_id = t.review_id
),
new_referees as (
    insert into referees select * from unnest($17::referees[])
),
new_effects as (
    insert into effect_awards select * from unnest($18::effect_awards[])
),
changed_effects as (
    update effect_awards e set revision = t.revision, exact = t.exact
    from unnest($19::effect_awards[]) as t
    where e.effect_key = t.effect_key
),
changed_payments as (
    update redemptions r
       set restored_points = t.restored_points, restored_minor = t.restored_minor, updated_at = t.updated_at
    from unnest($27::payment_in[]) as t
    where r.redemption_id = t.redemption_id
),
written_accounts as (
    update accounts a
       set pending = t.pending, available = t.available, reserved = t.reserved, owed = t.owed, seq = t.seq,
           inputs = t.inputs, tier_seq = t.tier_seq, version = t.version, head_hash = t.head_hash,
           account_time = t.account_time, recorded_at = t.recorded_at, joined_at = t.joined_at,
           left_at = t.left_at, tier = t.tier, next_due_at = t.next_due_at, state = t.state
    from unnest($20::account_in[]) as t
    where a.account_id = t.account_id
),
written_positions as (
    insert into positions select * from unnest($21::positions[])
    on conflict on constraint positions_pkey do update
       set next_offset = greatest(positions.next_offset, excluded.next_offset),
           log_end = greatest(positions.log_end, excluded.log_end),
           business_time = greatest(positions.business_time, excluded.business_time)
),
new_certificates as (
    insert into redemptions (redemption_id, account_id, reward_id, reward_name, points, value_minor, currency,
                             program_version, state, reserved_at, held_until, updated_at, kind, automatic,
                             restored_points, restored_minor)
    select redemption_id, account_id, reward_id, reward_name, points, value_minor, currency, program_version, state,
           issued_at, issued_at, updated_at, 'voucher', true,
           case state when 'reversed' then points else 0 end, case state when 'reversed' then value_minor else 0 end
    from unnest($24::certificate_in[])
),
voided_certificates as (
    update redemptions r
       set state = 'reversed', updated_at = t.at, restored_points = r.points, restored_minor = r.value_minor
    from unnest($25::text[], $26::timestamptz[]) as t(redemption_id, at)
    where r.redemption_id = t.redemption_id
),
voided_codes as (
    update codes set state = 'void' where redemption_id = any($25::text[])
),
new_dead_letters as (
    insert into dead_letters (consumer_group, topic, partition, "offset", key, value, headers, stage, reason, field,
                              message, release, failed_at)
    select * from unnest($22::dead_letter_in[])
    on conflict on constraint dead_letters_coordinates_unique do nothing
)
insert into outbox (shard, topic, key, value, headers)
select shard, topic, key, value, headers
from unnest($23::outbox_in[]) with ordinality as t(shard, topic, key, value, headers, place)
order by place

-- name: lock_programs
lock table program_versions in share row exclusive mode

-- name: program_heads
select version, from_at, digest from program_versions order by version

-- The latest business time that any account has been decided at.
-- name: latest_decision
select max(account_time) from accounts

-- name: insert_program
insert into program_versions (version, from_at, document, digest) values ($1, $2, $3, $4)

-- name: begin_epoch
-- Once per start of the server: a restore always restarts it, and every process sees the same signs.
-- Counted in ten seconds since 1970: a backup cannot know which epochs came after it, and must not
-- take one of theirs again.
update ledger_epoch
   set epoch = greatest(epoch + 1, floor(extract(epoch from clock_timestamp()) / 10)::int),
       since = clock_timestamp(), confirmed_at = clock_timestamp()
where since < pg_postmaster_start_time()
returning epoch

-- name: confirm_epoch
update ledger_epoch set confirmed_at = clock_timestamp() where confirmed_at < pg_postmaster_start_time()

-- name: server_started
select pg_postmaster_start_time()

-- name: read_epoch
select epoch from ledger_epoch

-- name: note_restore
insert into restores (partitions) values ($1::text[])
