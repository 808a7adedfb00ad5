-- Handovers: notifications on their way to platforms. Their states are a notification's, from decided on.

-- name: hand_over
-- To each of the roads $1, those of the notifications $2 that were decided to go, mailed or not.
insert into notify.handovers (notification, road, priority, send_at)
select n.id, r.road, n.priority, n.send_at
from notify.notifications n cross join unnest($1::text[]) as r (road)
where n.id = any($2::bigint[]) and n.send_at is not null
order by n.id, r.road
on conflict on constraint handovers_pkey do nothing

-- name: decided
select id, member_id, kind, cause, epoch, version, send_at, decided_at
from notify.notifications where id = any($1::bigint[]) and send_at is not null order by id

-- name: take_ready
-- $1 road, $2 notify's clock, $3 most rows, as for mails; what is dropped from mail as overtaken is so here, too. What was
-- decided without a contact ($4: so it says) needs none. Who was forgotten since, and the balance with them, is told nothing.
select h.notification, n.member_id, n.kind, n.cause, n.business_day, h.attempts,
       coalesce(h.facts, n.facts)::text as facts, coalesce(h.detail, n.detail)::text as detail,
       case when h.attempts = 0 and (b.epoch, b.version) > (n.epoch, n.version) then b.facts::text end as latest,
       extract(epoch from clock_timestamp() - greatest(h.decided_at, h.send_at, h.replayed_at))::float8 as age,
       a.sealed, a.wrapped, a.marketing, a.suppressed, a.unwanted,
       n.reply = $4 and b.member_id is not null as without_contact, h.forgotten
from notify.handovers h
join notify.notifications n on n.id = h.notification
left join notify.addressees a on a.member_id = n.member_id
left join notify.balances b on b.member_id = n.member_id
where h.road = $1 and h.state in ('decided', 'unknown') and h.next_attempt_at <= now()
  and coalesce(h.send_at, '-infinity') <= $2
  and not exists (select from notify.pauses where road in ('all', $1))
order by h.priority, coalesce(h.send_at, '-infinity')
limit $3
for update of h skip locked

-- name: claim
-- $1 claim, $2 seconds until it lapses, $9 road. Epoch and version are in the facts.
update notify.handovers h
set state = case when r.why_not = '' then 'sending' else 'skipped' end,
    reply = case when r.why_not = '' then h.reply else r.why_not end,
    facts = coalesce(r.facts, h.facts), detail = coalesce(r.detail, h.detail),
    claim = case when r.why_not = '' then $1::uuid end,
    claimed_until = case when r.why_not = '' then clock_timestamp() + make_interval(secs => $2) end,
    attempts = h.attempts + case when r.why_not = '' then 1 else 0 end,
    next_attempt_at = null,
    ended_at = case when r.why_not <> '' then clock_timestamp() end
from unnest($3::bigint[], $4::text[], $5::int[], $6::bigint[], $7::json[], $8::json[])
     as r (notification, why_not, epoch, version, facts, detail)
where h.notification = r.notification and h.road = $9

-- name: mark
-- As for mails; $8 road.
update notify.handovers h
set state = r.state,
    reply = case when r.begun then r.reply else h.reply end,
    provider_id = r.provider_id,
    attempts = h.attempts - case when r.begun then 0 else 1 end,
    unsure = h.unsure + case when r.state = 'unknown' and h.state = 'sending' then 1 else 0 end,
    next_attempt_at = case when r.wait is not null then clock_timestamp() + make_interval(secs => r.wait) end,
    claimed_until = null,
    ended_at = case when r.state in ('sent', 'failed') then clock_timestamp() end
from unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::float8[], $6::text[], $7::bool[])
     as r (claim, notification, state, reply, wait, provider_id, begun)
join notify.notifications n on n.id = r.notification
where h.notification = r.notification and h.road = $8 and h.claim = r.claim
  and (h.state = 'sending' or (h.state = 'unknown' and r.state in ('sent', 'failed')))
returning h.notification, h.state, n.member_id, n.kind, n.cause, h.provider_id, h.ended_at,
          coalesce((h.facts ->> 'epoch')::int, n.epoch) as epoch,
          coalesce((h.facts ->> 'version')::bigint, n.version) as version

-- name: lapse
-- $1 road. Told again in any case: platforms know what they were told by its id.
update notify.handovers h
set state = 'unknown', unsure = h.unsure + 1, claimed_until = null,
    reply = 'the sender stopped before it could say', next_attempt_at = clock_timestamp()
from (
    select notification from notify.handovers
    where road = $1 and state = 'sending' and claimed_until < now()
    order by claimed_until limit 1000 for update skip locked
) as lapsed
where h.notification = lapsed.notification and h.road = $1
returning h.notification
