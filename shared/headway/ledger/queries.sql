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
-- What nothing else wakes: accounts with something due, 200 at a time, past those others hold.
select account_id, member_id, pending, available, reserved, owed, seq, inputs, tier_seq, version, head_hash,
       account_time, recorded_at, joined_at, left_at, tier, next_due_at, state::text as state
from accounts
where next_due_at <= $1::timestamptz and held is null
order by account_id
limit $2
for no key update skip locked

-- name: hold_account
update accounts set held = $2 where account_id = $1

-- name: read_known
-- After the locks: which inputs are repeats, what is parked, and the clock, epoch and programme to go by.
select
    clock_timestamp() as now,
    (select epoch from ledger_epoch) as epoch,
    (select coalesce(max(version), 0) from program_versions) as program_version,
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
with wanted as (
    select o.* from orders o where o.order_id = any($1::text[])
    union
    select o.* from order_lines l
      join unnest($2::bigint[], $3::text[]) as k(account_id, sku) on l.account_id = k.account_id and l.sku = k.sku
      join orders o on o.order_id = l.order_id
)
select
    (select json_agg(json_build_array(order_id, account_id, n, order_version, encode(digest, 'hex'), currency,
                                      paid_at, tier, program_version, counts)) from wanted)::text as orders,
    (select json_agg(json_build_array(l.order_id, l.account_id, l.line_id, l.sku, l.category, l.quantity,
                                      l.returned, l.amount))
       from wanted o join order_lines l on l.account_id = o.account_id and l.order_id = o.order_id)::text as lines,
    (select json_agg(json_build_array(refund_id, account_id, n, encode(digest, 'hex')))
       from refunds where refund_id = any($4::text[]))::text as refunds,
    (select json_agg(json_build_array(review_id, account_id, n, encode(digest, 'hex'), removed))
       from reviews where review_id = any($5::text[]))::text as reviews,
    (select json_agg(json_build_array(referral_id, account_id))
       from referees where referral_id = any($6::text[]))::text as referrals,
    (select json_agg(json_build_array(effect_key, account_id, revision, exact))
       from effect_awards where effect_key = any($7::text[]))::text as effects

-- name: read_lots
select account_id, lot, points, pending, available, reserved, expired, waived, exact, exact_returned,
       rule, award, line_id, program_version, earned_at, activates_at, expires_at
from lots
where account_id = any($1::bigint[])
  and (pending > 0 or available > 0 or reserved > 0 or award = any($2::text[]))

-- name: read_programs
select version, from_at, document from program_versions order by version

-- name: write_batch
-- Everything a batch decided, in one trip. Inputs and business keys without ON CONFLICT: a lost race must be seen.
with
new_inputs as (
    insert into inputs (source, id, account_id, n, kind, business_time, recorded_at, data, digest, outcome, reason)
    select source, id, account_id, n, kind, business_time, recorded_at, data::json, digest, outcome, reason
    from unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::text[], $6::timestamptz[],
                $7::timestamptz[], $8::text[], $9::bytea[], $10::text[], $11::text[])
      as t(source, id, account_id, n, kind, business_time, recorded_at, data, digest, outcome, reason)
),
released_inputs as (
    update inputs i set outcome = t.outcome, reason = t.reason
    from unnest($12::text[], $13::text[], $14::text[], $15::text[]) as t(source, id, outcome, reason)
    where i.source = t.source and i.id = t.id
),
now_parked as (
    insert into parked (account_id, n, waits_for, since)
    select account_id, n, waits_for, since
    from unnest($16::bigint[], $17::bigint[], $18::text[], $19::timestamptz[])
      as t(account_id, n, waits_for, since)
    on conflict on constraint parked_pkey do update set waits_for = excluded.waits_for
),
no_longer_parked as (
    delete from parked p
    using unnest($20::bigint[], $21::bigint[]) as t(account_id, n)
    where p.account_id = t.account_id and p.n = t.n
),
new_points as (
    insert into points_events (account_id, seq, kind, points, from_bucket, to_bucket, lot, corrects, "group", cause,
                               order_id, line_id, rule, program_version, exact, activates_at, expires_at,
                               effective_at, recorded_at, prev_hash, hash)
    select *
    from unnest($22::bigint[], $23::bigint[], $24::text[], $25::bigint[], $26::text[], $27::text[], $28::bigint[],
                $29::bigint[], $30::text[], $31::bigint[], $32::text[], $33::text[], $34::text[], $35::int[],
                $36::bigint[], $37::timestamptz[], $38::timestamptz[], $39::timestamptz[], $40::timestamptz[],
                $41::bytea[], $42::bytea[])
),
new_tiers as (
    insert into tier_events (account_id, tier_seq, tier_from, tier_to, cause, program_version, effective_at, recorded_at)
    select *
    from unnest($43::bigint[], $44::bigint[], $45::text[], $46::text[], $47::bigint[], $48::int[],
                $49::timestamptz[], $50::timestamptz[])
),
written_lots as (
    insert into lots (account_id, lot, points, pending, available, reserved, expired, waived, exact, exact_returned,
                      rule, award, line_id, program_version, earned_at, activates_at, expires_at)
    select *
    from unnest($51::bigint[], $52::bigint[], $53::bigint[], $54::bigint[], $55::bigint[], $56::bigint[],
                $57::bigint[], $58::bigint[], $59::bigint[], $60::bigint[], $61::text[], $62::text[], $63::text[],
                $64::int[], $65::timestamptz[], $66::timestamptz[], $67::timestamptz[])
    on conflict on constraint lots_pkey do update
       set pending = excluded.pending, available = excluded.available, reserved = excluded.reserved,
           expired = excluded.expired, waived = excluded.waived, exact_returned = excluded.exact_returned
),
new_orders as (
    insert into orders (order_id, account_id, n, order_version, digest, currency, paid_at, tier, program_version, counts)
    select *
    from unnest($68::text[], $69::bigint[], $70::bigint[], $71::bigint[], $72::bytea[], $73::text[],
                $74::timestamptz[], $75::text[], $76::int[], $77::boolean[])
),
written_lines as (
    insert into order_lines (account_id, order_id, line_id, sku, category, quantity, returned, amount)
    select *
    from unnest($78::bigint[], $79::text[], $80::text[], $81::text[], $82::text[], $83::bigint[], $84::bigint[],
                $85::bigint[])
    on conflict on constraint order_lines_pkey do update
       set sku = excluded.sku, category = excluded.category, quantity = excluded.quantity,
           returned = excluded.returned, amount = excluded.amount
),
written_accounts as (
    update accounts a
       set pending = t.pending, available = t.available, reserved = t.reserved, owed = t.owed, seq = t.seq,
           inputs = t.inputs, tier_seq = t.tier_seq, version = t.version, head_hash = t.head_hash,
           account_time = t.account_time, recorded_at = t.recorded_at, joined_at = t.joined_at,
           left_at = t.left_at, tier = t.tier, next_due_at = t.next_due_at, state = t.state::json
    from unnest($86::bigint[], $87::bigint[], $88::bigint[], $89::bigint[], $90::bigint[], $91::bigint[],
                $92::bigint[], $93::bigint[], $94::bigint[], $95::bytea[], $96::timestamptz[], $97::timestamptz[],
                $98::timestamptz[], $99::timestamptz[], $100::text[], $101::timestamptz[], $102::text[])
      as t(account_id, pending, available, reserved, owed, seq, inputs, tier_seq, version, head_hash, account_time,
           recorded_at, joined_at, left_at, tier, next_due_at, state)
    where a.account_id = t.account_id
),
written_positions as (
    insert into positions (consumer_group, topic, partition, next_offset, log_end, business_time)
    select *
    from unnest($103::text[], $104::text[], $105::int[], $106::bigint[], $107::bigint[], $108::timestamptz[])
    on conflict on constraint positions_pkey do update
       set next_offset = excluded.next_offset, log_end = excluded.log_end,
           business_time = greatest(positions.business_time, excluded.business_time)
),
new_outbox as (
    insert into outbox (shard, topic, key, value, headers)
    select shard, topic, key, value, headers
    from unnest($109::smallint[], $110::text[], $111::bytea[], $112::bytea[], $113::text[])
      with ordinality as t(shard, topic, key, value, headers, place)
    order by place
),
changed_orders as (
    update orders o
       set order_version = t.order_version, digest = t.digest, tier = t.tier,
           program_version = t.program_version, counts = t.counts
    from unnest($114::text[], $115::bigint[], $116::bytea[], $117::text[], $118::int[], $119::boolean[])
      as t(order_id, order_version, digest, tier, program_version, counts)
    where o.order_id = t.order_id
),
new_refunds as (
    insert into refunds (refund_id, account_id, n, digest)
    select * from unnest($120::text[], $121::bigint[], $122::bigint[], $123::bytea[])
),
new_reviews as (
    insert into reviews (review_id, account_id, n, digest, removed)
    select * from unnest($124::text[], $125::bigint[], $126::bigint[], $127::bytea[], $128::boolean[])
),
changed_reviews as (
    update reviews r set removed = t.removed
    from unnest($129::text[], $130::boolean[]) as t(review_id, removed)
    where r.review_id = t.review_id
),
new_referees as (
    insert into referees (account_id, referral_id, n)
    select * from unnest($131::bigint[], $132::text[], $133::bigint[])
),
new_effects as (
    insert into effect_awards (effect_key, account_id, revision, exact)
    select * from unnest($134::text[], $135::bigint[], $136::int[], $137::bigint[])
),
changed_effects as (
    update effect_awards e set revision = t.revision, exact = t.exact
    from unnest($138::text[], $139::int[], $140::bigint[]) as t(effect_key, revision, exact)
    where e.effect_key = t.effect_key
),
new_dead_letters as (
    insert into dead_letters (consumer_group, topic, partition, "offset", key, value, headers, stage, reason, field,
                              message, release, failed_at)
    select consumer_group, topic, partition, "offset", key, value, headers::json, stage, reason, field, message,
           release, failed_at
    from unnest($141::text[], $142::text[], $143::int[], $144::bigint[], $145::bytea[], $146::bytea[], $147::text[],
                $148::text[], $149::text[], $150::text[], $151::text[], $152::text[], $153::timestamptz[])
      as t(consumer_group, topic, partition, "offset", key, value, headers, stage, reason, field, message, release,
           failed_at)
    on conflict on constraint dead_letters_coordinates_unique do nothing
)
select 1

-- name: lock_programs
lock table program_versions in share row exclusive mode

-- name: program_heads
select version, from_at, digest from program_versions order by version

-- name: insert_program
insert into program_versions (version, from_at, document, digest) values ($1, $2, $3, $4)

-- name: begin_epoch
-- Once per start of the server: a restore always restarts it, and every process sees the same signs.
update ledger_epoch set epoch = epoch + 1, since = clock_timestamp()
where since < pg_postmaster_start_time()
returning epoch

-- name: read_epoch
select epoch from ledger_epoch

-- name: note_restore
insert into restores (partitions) values ($1::text[])
