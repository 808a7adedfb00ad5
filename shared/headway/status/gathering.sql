-- name: latest_program
select max(version) from program_versions

-- name: next_program
select version, from_at from program_versions where from_at > $1 order by from_at limit 1

-- name: pauses
select road, why, paused_by, paused_at from notify.pauses order by road

-- name: failed_since
-- Mail and messages of other roads that were given up since $1, counted up to $2 each.
select (select count(*) from (select from notify.notifications
                              where state = 'failed' and ended_at >= $1 limit $2) as mail)
     + (select count(*) from (select from notify.handovers
                              where state = 'failed' and ended_at >= $1 limit $2) as handed)

-- name: letters_waiting
-- Read through the index of those that wait, and at most the oldest $1 of them, for this is asked every few seconds.
select reason, topic, count(*) as count, min(failed_at) as first_at, max(failed_at) as last_at
from (select reason, topic, failed_at from dead_letters where replayed_at is null order by id limit $1) as waiting
group by reason, topic
order by count desc, reason, topic
