-- Notify's statements. The states of a notification are drawn in migration 0002_notify.sql; 0015_roads.sql adds replaying.

-- name: balances_seen
select member_id, epoch, version from notify.balances where member_id = any($1::text[])

-- name: balances_seen_whole
-- With the facts: where what is due depends on how it was before.
select member_id, epoch, version, facts::text as facts from notify.balances where member_id = any($1::text[])

-- name: balances_latest
select facts from notify.balances where member_id = $1

-- name: balances_write
-- The condition holds even against another process that still writes an older batch.
insert into notify.balances as b (member_id, epoch, version, left_day, facts)
select * from unnest($1::text[], $2::int[], $3::bigint[], $4::date[], $5::json[])
on conflict (member_id) do update
set epoch = excluded.epoch, version = excluded.version, left_day = excluded.left_day,
    facts = excluded.facts
where (b.epoch, b.version) < (excluded.epoch, excluded.version)

-- name: notifications_due
-- One for each member, kind and cause, whatever became of the first.
insert into notify.notifications (member_id, kind, cause, business_day, ends_at, version_from, detail)
select * from unnest($1::text[], $2::text[], $3::text[], $4::date[], $5::timestamptz[], $6::bigint[], $7::json[])
on conflict on constraint notifications_once do nothing

-- name: movements_write
insert into notify.movements as m (member_id, first_day, epoch, version, held, earned, restored, adjusted, used, expired, taken_back)
select * from unnest($1::text[], $2::date[], $3::int[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[],
                     $9::bigint[], $10::bigint[], $11::bigint[])
on conflict on constraint movements_pkey do update
set epoch = excluded.epoch, version = excluded.version, held = excluded.held, earned = m.earned + excluded.earned,
    restored = m.restored + excluded.restored, adjusted = m.adjusted + excluded.adjusted, used = m.used + excluded.used,
    expired = m.expired + excluded.expired, taken_back = m.taken_back + excluded.taken_back

-- name: movements_of
select m.member_id, m.first_day, m.held, m.earned, m.restored, m.adjusted, m.used, m.expired, m.taken_back
from unnest($1::text[], $2::date[]) as k(member_id, first_day)
join notify.movements m on m.member_id = k.member_id and m.first_day = k.first_day

-- name: latest_program
select max(version) from program_versions

-- name: announce
-- Whether version $1 had not been announced.
insert into notify.announced (version) values ($1) on conflict on constraint announced_pkey do nothing returning version

-- name: announced_any
select exists (select from notify.announced)

-- name: announce_to_all
-- To everybody who is a member: $1 cause, $2 business day, $3 when to decide, $4 detail.
insert into notify.notifications (member_id, kind, cause, business_day, ends_at, detail)
select member_id, 'programme_change', $1, $2, $3, $4::json from notify.balances where left_day is null
on conflict on constraint notifications_once do nothing

-- name: take_due
-- $1 clock, $2 most rows, $3 group, $4 contacts topic. Locks them and, so that one process at a time decides on a
-- member, their balances. A member without a contact is not looked at while contacts are still being read: the contact
-- may be among them.
with behind as (
    select exists (select from positions where consumer_group = $3 and topic = $4
                   and next_offset < log_end) as contacts
)
select n.id, n.member_id, n.kind, n.cause, n.business_day, n.detail::text as detail, b.left_day, b.facts::text as facts
from notify.notifications n
join notify.balances b on b.member_id = n.member_id and b.version >= n.version_from
where n.state = 'due' and n.ends_at <= $1
  and (not (select contacts from behind)
       or exists (select from notify.contacts c where c.member_id = n.member_id))
order by n.ends_at, n.id
limit $2
for update of n skip locked
for no key update of b skip locked

-- name: marketing_sent
-- Marketing messages that went, may have gone or will go, from $2 on; $3: their kinds; $4: the reply of those that are
-- not mailed and go by other roads alone.
select member_id, send_at from notify.notifications
where member_id = any($1::text[]) and send_at > $2 and kind = any($3::text[])
  and (state in ('decided', 'sending', 'sent', 'unknown') or (state = 'skipped' and reply = $4))

-- name: write_decided
-- What became of rows that `take_due` locked: why not is '' for those that are mailed, from send_at on. Those that go by
-- other roads alone have a send_at and say why they are not mailed.
update notify.notifications n
set state = case when r.why_not = '' then 'decided' else 'skipped' end,
    reply = r.why_not, detail = r.detail, send_at = r.send_at,
    decided_at = clock_timestamp(), epoch = b.epoch, version = b.version, facts = b.facts,
    next_attempt_at = case when r.why_not = '' then clock_timestamp() end,
    ended_at = case when r.why_not <> '' then clock_timestamp() end
from unnest($1::bigint[], $2::text[], $3::timestamptz[], $4::text[], $5::json[]) as r(id, member_id, send_at, why_not, detail)
join notify.balances b on b.member_id = r.member_id
where n.id = r.id

-- name: take_ready
-- $1 notify's clock, $2 most rows. Service messages first, then those that may go longest. `latest`: newer facts than
-- the frozen ones, of what was never tried. With whom it goes to now, who may have been forgotten, suppressed or
-- unsubscribed since. Nothing while mail is paused.
select n.id, n.member_id, n.kind, n.cause, n.business_day, n.facts::text as facts, n.detail::text as detail, n.attempts,
       case when n.attempts = 0 and (b.epoch, b.version) > (n.epoch, n.version) then b.facts::text end as latest,
       extract(epoch from clock_timestamp() - greatest(n.decided_at, n.send_at, n.replayed_at))::float8 as age,
       a.sealed, a.wrapped, a.marketing, a.suppressed, a.unwanted, false as without_contact,
       false as forgotten
from notify.notifications n
left join notify.addressees a on a.member_id = n.member_id
left join notify.balances b on b.member_id = n.member_id
where n.state in ('decided', 'unknown') and n.next_attempt_at <= now() and coalesce(n.send_at, '-infinity') <= $1
  and not exists (select from notify.pauses where road in ('all', 'mail'))
order by n.priority, coalesce(n.send_at, '-infinity')
limit $2
for update of n skip locked

-- name: claim
-- $1 claim, $2 seconds until it lapses; of rows that `take_ready` locked. `why_not` is '' for those that go; facts and
-- detail, where given, replace what was overtaken.
update notify.notifications n
set state = case when r.why_not = '' then 'sending' else 'skipped' end,
    reply = case when r.why_not = '' then n.reply else r.why_not end,
    epoch = coalesce(r.epoch, n.epoch), version = coalesce(r.version, n.version),
    facts = coalesce(r.facts, n.facts), detail = coalesce(r.detail, n.detail),
    claim = case when r.why_not = '' then $1::uuid end,
    claimed_until = case when r.why_not = '' then clock_timestamp() + make_interval(secs => $2) end,
    attempts = n.attempts + case when r.why_not = '' then 1 else 0 end,
    next_attempt_at = null,
    ended_at = case when r.why_not <> '' then clock_timestamp() end
from unnest($3::bigint[], $4::text[], $5::int[], $6::bigint[], $7::json[], $8::json[])
     as r (id, why_not, epoch, version, facts, detail)
where n.id = r.id

-- name: mark
-- What became of rows this sender holds: also of one whose claim lapsed, while nobody else took it. What was given back
-- before it was begun was no try.
update notify.notifications n
set state = r.state,
    reply = case when r.begun then r.reply else n.reply end,
    provider_id = r.provider_id,
    attempts = n.attempts - case when r.begun then 0 else 1 end,
    unsure = n.unsure + case when r.state = 'unknown' and n.state = 'sending' then 1 else 0 end,
    next_attempt_at = case when r.wait is not null then clock_timestamp() + make_interval(secs => r.wait) end,
    claimed_until = null,
    ended_at = case when r.state in ('sent', 'failed') then clock_timestamp() end
from unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::float8[], $6::text[], $7::bool[])
     as r (claim, id, state, reply, wait, provider_id, begun)
where n.id = r.id and n.claim = r.claim
  and (n.state = 'sending' or (n.state = 'unknown' and r.state in ('sent', 'failed')))
returning n.id, n.state, n.member_id, n.kind, n.cause, n.epoch, n.version, n.provider_id, n.ended_at

-- name: lapse
-- Claims of senders that died or froze: whether the server has these mails is not known.
update notify.notifications n
set state = 'unknown', unsure = n.unsure + 1, claimed_until = null,
    reply = 'the sender stopped before it could say',
    next_attempt_at = case when $1 then clock_timestamp() end
from (
    select id from notify.notifications
    where state = 'sending' and claimed_until < now()
    order by claimed_until limit 1000 for update skip locked
) as lapsed
where n.id = lapsed.id
returning n.id

-- name: end_mails
-- $1 why. Up to 1,000 of what waits for mail where none leaves; what is unknown stays so.
update notify.notifications n
set state = case n.state when 'decided' then 'skipped' else n.state end,
    reply = case n.state when 'decided' then $1 else n.reply end,
    ended_at = case n.state when 'decided' then clock_timestamp() end,
    next_attempt_at = null
from (
    select id from notify.notifications
    where state in ('decided', 'unknown') and next_attempt_at is not null
    order by id limit 1000 for update skip locked
) as waiting
where n.id = waiting.id
returning n.id

-- name: standing
select state, count(*) as notifications, sum(unsure) as unsure
from notify.notifications group by state order by state


-- name: paused
-- Why nothing is to be sent on any of the roads $1; null: it is.
select why from notify.pauses where road = any($1::text[]) order by paused_at limit 1

-- name: pause
insert into notify.pauses (road, why, paused_by) values ($1, $2, $3)
on conflict on constraint pauses_pkey do nothing
returning road

-- name: resume
delete from notify.pauses where road = $1 returning road

-- name: pauses
select road, why, paused_by, paused_at from notify.pauses order by paused_at

-- name: paces_known
insert into notify.paces (bucket, free_at) select bucket, 'epoch' from unnest($1::bytea[]) as b (bucket)
on conflict on constraint paces_pkey do nothing

-- name: paces_locked
select bucket, greatest(extract(epoch from free_at - clock_timestamp()), -3600)::float8 as free_in
from notify.paces where bucket = any($1::bytea[]) order by bucket for update

-- name: paces_taken
-- Seconds from now on which each bucket is free again.
update notify.paces p set free_at = clock_timestamp() + make_interval(secs => t.free_in)
from unnest($1::bytea[], $2::float8[]) as t (bucket, free_in) where p.bucket = t.bucket
