-- Feedback: kept as it came, worked through, then its body is dropped.

-- name: keep
insert into notify.feedback (source, event_id, sealed) values ($1, $2, $3)
on conflict on constraint feedback_once do nothing

-- name: take
select id, source, event_id, sealed, received_at from notify.feedback
where processed_at is null and due_at <= now()
order by due_at limit $1 for update skip locked

-- name: done
update notify.feedback set processed_at = clock_timestamp(), sealed = null, trouble = '' where id = $1

-- name: put_off
-- Twice as long each time, up to an hour.
update notify.feedback
set tries = tries + 1, trouble = $2,
    due_at = clock_timestamp() + least(interval '10 seconds' * (2 ^ least(tries, 20)), interval '1 hour')
where id = $1

-- name: event
insert into notify.feedback_events
    (feedback_id, position, event_type, reject_reason, bounce, kind, notification_id, happened_at)
values ($1, $2, $3, $4, $5, $6, $7, $8)

-- name: by_number
select id, kind, member_id from notify.notifications where id = $1

-- name: by_provider_id
select id, kind, member_id from notify.notifications where provider_id = any($1::text[]) and provider_id <> '' limit 1

-- name: sent_to
-- What went to an address lately: among these is the one whose Message-ID was quoted.
select n.id, n.kind, n.member_id, n.cause
from notify.contacts c join notify.notifications n using (member_id)
where c.address_digest = $1 and n.state in ('sent', 'sending', 'unknown')
order by n.id desc limit 400

-- name: suppress
insert into notify.suppressions (address_digest, reason, since, detail) values ($1, $2, $3, $4)
on conflict on constraint suppressions_pkey do nothing

-- name: soft_bounce
insert into notify.soft_bounces (address_digest, feedback_id, bounced_at) values ($1, $2, $3)
on conflict on constraint soft_bounces_pkey do nothing

-- name: soft_bounces
-- Those that are too old to count go.
with old as (
    delete from notify.soft_bounces where address_digest = $1 and bounced_at < $2
)
select count(*) from notify.soft_bounces where address_digest = $1 and bounced_at >= $2

-- name: unwanted
insert into notify.preferences as p (member_id, topic, wanted, how) values ($1, $2, false, 'feedback')
on conflict on constraint preferences_pkey do update
set wanted = false, how = excluded.how, changed_at = clock_timestamp()
where p.wanted
