-- Dead letters as people find them. A filter's parts that are null say nothing.
-- Acts on a letter are entries of the audit log, whose target is 'dead-letter:' and the letter's id.

-- name: listed
select id, consumer_group, topic, partition, "offset", key, stage, reason, field, message, release, failed_at,
       replayed_at, value is not null as has_value
from dead_letters
where ($1 = 'all' or ($1 = 'open') = (replayed_at is null))
  and ($2::text is null or topic = $2)
  and ($3::text is null or reason = $3)
  and ($4::text is null or field = $4)
  and ($5::text is null or consumer_group = $5)
  and ($6::timestamptz is null or failed_at >= $6)
  and ($7::timestamptz is null or failed_at < $7)
  and ($8::bytea is null or key = $8)
  and ($9::bytea is null or position($9 in value) > 0)
  and id > $10
order by id
limit $11

-- name: counted
select topic, reason, field, count(*) as letters, min(failed_at) as oldest, max(failed_at) as latest
from dead_letters
where ($1 = 'all' or ($1 = 'open') = (replayed_at is null))
  and ($2::text is null or topic = $2)
  and ($3::text is null or reason = $3)
  and ($4::text is null or field = $4)
  and ($5::text is null or consumer_group = $5)
  and ($6::timestamptz is null or failed_at >= $6)
  and ($7::timestamptz is null or failed_at < $7)
  and ($8::bytea is null or key = $8)
  and ($9::bytea is null or position($9 in value) > 0)
group by topic, reason, field
order by letters desc, topic, reason, field

-- name: shown
select id, consumer_group, topic, partition, "offset", key, value, headers, stage, reason, field, message, release,
       failed_at, replayed_at,
       (select count(*) from audit_log where target = 'dead-letter:' || id and act in ('dlq.replay', 'dlq.mend')) as replays
from dead_letters
where id = $1

-- name: held
-- The letter, for whoever sends it; nobody else can before this transaction has ended. Refused (55P03) when somebody
-- else is sending it. A sender that freezes lets go after a minute.
with limited as materialized (select set_config('idle_in_transaction_session_timeout', '60s', true))
select id, consumer_group, topic, partition, "offset", key, value, headers, stage, reason, field, message, release,
       failed_at, replayed_at,
       (select count(*) from audit_log where target = 'dead-letter:' || id and act in ('dlq.replay', 'dlq.mend')) as replays
from dead_letters, limited
where id = $1
for update of dead_letters nowait

-- name: mark_replayed
update dead_letters set replayed_at = clock_timestamp() where id = $1

-- name: digest_known
select digest from inputs where source = $1 and id = $2
