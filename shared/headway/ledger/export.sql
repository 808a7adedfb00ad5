-- Everything held of one account, section by section, each as one JSON document. What identifies people other than the
-- member's own circle stays out: who on the staff decided, and with which key.

-- name: find
-- Also how many rows there are to read, about: inputs and points events are counted by the account.
select account_id, seq + inputs as rows, now() as exported_at from accounts where member_id = $1

-- name: account
select to_json(t)::text from (
    select pending, available, reserved, owed, version, encode(head_hash, 'hex') as head_hash, account_time, joined_at, left_at,
           tier, next_due_at, state
    from accounts where account_id = $1
) t

-- name: inputs
select coalesce(json_agg(t order by t.n), '[]')::text from (
    select i.n, i.source, i.id, i.kind, i.business_time, i.recorded_at, i.outcome, i.reason, p.waits_for,
           case when i.kind in ('admin.adjust', 'admin.erase') then (i.data::jsonb - '{by,approved_by}'::text[])::json else i.data end as data
    from inputs i
    left join parked p on p.account_id = i.account_id and p.n = i.n
    where i.account_id = $1
) t

-- name: points_events
select coalesce(json_agg(t order by t.seq), '[]')::text from (
    select seq, kind, points, from_bucket, to_bucket, lot, corrects, "group", origin_account, origin_seq, cause, order_id, line_id, rule, program_version,
           exact, activates_at, expires_at, effective_at, recorded_at, encode(hash, 'hex') as hash
    from points_events where account_id = $1
) t

-- name: lots
select coalesce(json_agg(t order by t.lot), '[]')::text from (
    select lot, points, pending, available, reserved, expired, rule, award, line_id, earned_at, activates_at, expires_at
    from lots where account_id = $1
) t

-- name: tier_events
select coalesce(json_agg(t order by t.tier_seq), '[]')::text from (
    select tier_seq, tier_from, tier_to, cause, program_version, effective_at, recorded_at
    from tier_events where account_id = $1
) t

-- name: orders
select coalesce(json_agg(t order by t.paid_at, t.order_id), '[]')::text from (
    select o.order_id, o.currency, o.paid_at, o.tier,
           (select coalesce(json_agg(l order by l.line_id), '[]') from (
                select line_id, sku, category, quantity, returned, amount
                from order_lines where account_id = $1 and order_id = o.order_id) l) as lines
    from orders o where o.account_id = $1
) t

-- name: redemptions
-- A code that is held, or was given back, is nobody's to see.
select coalesce(json_agg(t order by t.reserved_at, t.redemption_id), '[]')::text from (
    select redemption_id, reward_id, reward_name, kind, state, points, value_minor, cash_minor, currency, reserved_at, updated_at, automatic,
           pool_id, order_id, restored_points, restored_minor,
           case when state in ('confirmed', 'fulfilled') then code end as code
    from redemptions where account_id = $1
) t

-- name: referrals
-- How the member came, and what the member got for bringing others.
select json_build_object(
    'referred', (select referral_id from referees where account_id = $1),
    'awards', (select coalesce(json_agg(json_build_object('award', effect_key, 'exact', exact) order by effect_key), '[]')
                 from effect_awards where account_id = $1))::text

-- name: adjustments
select coalesce(json_agg(t order by t.number), '[]')::text from (
    select adjustment_id, number, points, reason, state, asked_at, decided_at from adjustments where account_id = $1
) t

-- name: pools
-- Those that the member has joined or was asked into. Who else is in them is for the others to say.
select coalesce(json_agg(t order by t.since, t.pool_id), '[]')::text from (
    select pool_id, role, state, may_spend, since from pool_members where account_id = $1
) t

-- name: contact
-- What notify holds to write to the member.
select c.email, c.name, c.locale, c.sealed, k.wrapped, c.marketing
from notify.contacts c left join notify.member_keys k using (member_id)
where c.member_id = $1

-- name: preferences
select coalesce(json_object_agg(topic, wanted order by topic), '{}')::text
from notify.preferences where member_id = $1
