-- What was given up or refused, for people to look at and to send again. No addresses: they are in the contacts alone.

-- name: listed
-- $1 road or null, $2 most rows. Failed, and unknown without a further try.
select * from (
    select n.id as notification, 'mail' as road, n.member_id, n.kind, n.cause, n.state, n.attempts, n.unsure, n.reply,
           coalesce(n.ended_at, n.decided_at) as at
    from notify.notifications n where n.state = 'failed' or (n.state = 'unknown' and n.next_attempt_at is null)
    union all
    select h.notification, h.road, n.member_id, n.kind, n.cause, h.state, h.attempts, h.unsure, h.reply,
           coalesce(h.ended_at, h.decided_at)
    from notify.handovers h join notify.notifications n on n.id = h.notification
    where h.state = 'failed' or (h.state = 'unknown' and h.next_attempt_at is null)
) as over
where $1::text is null or road = $1
order by at, notification, road
limit $2

-- name: shown
-- $1 notification, $2 road.
select n.id as notification, 'mail' as road, n.member_id, n.kind, n.cause, n.business_day, n.state, n.attempts, n.unsure,
       n.reply, n.provider_id, n.epoch, n.version, n.decided_at, n.send_at, n.next_attempt_at, n.ended_at, n.replayed_at,
       n.detail::text as detail, n.facts::text as facts
from notify.notifications n where n.id = $1 and $2 = 'mail'
union all
select h.notification, h.road, n.member_id, n.kind, n.cause, n.business_day, h.state, h.attempts, h.unsure,
       h.reply, h.provider_id, n.epoch, n.version, h.decided_at, h.send_at, h.next_attempt_at, h.ended_at, h.replayed_at,
       coalesce(h.detail, n.detail)::text, coalesce(h.facts, n.facts)::text
from notify.handovers h join notify.notifications n on n.id = h.notification
where h.notification = $1 and h.road = $2

-- name: declare_replaying
-- Lets what failed be decided again, in this transaction alone.
select set_config('headway.replaying', 'on', true)

-- name: replay_mails
update notify.notifications n
set state = case when n.state = 'failed' then 'decided' else n.state end,
    replayed_at = clock_timestamp(), next_attempt_at = clock_timestamp(), ended_at = null
where n.id = any($1::bigint[]) and (n.state = 'failed' or (n.state = 'unknown' and n.next_attempt_at is null))
returning n.id as notification, 'mail' as road

-- name: replay_handovers
update notify.handovers h
set state = case when h.state = 'failed' then 'decided' else h.state end,
    replayed_at = clock_timestamp(), next_attempt_at = clock_timestamp(), ended_at = null
from unnest($1::bigint[], $2::text[]) as r (notification, road)
where h.notification = r.notification and h.road = r.road
  and (h.state = 'failed' or (h.state = 'unknown' and h.next_attempt_at is null))
returning h.notification, h.road

-- name: standing
select road, state, count(*) as messages, sum(unsure)::bigint as unsure,
       min(next_attempt_at) as next_at, min(decided_at) as oldest
from (
    select 'mail' as road, state, unsure, next_attempt_at, decided_at from notify.notifications
    union all
    select road, state, unsure, next_attempt_at, decided_at from notify.handovers
) as over
group by road, state order by road, state
