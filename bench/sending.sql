-- Mails that are decided, for the sending bench.

-- name: decided
-- A progress mail to each of the members $1.
insert into notify.notifications
    (member_id, kind, cause, business_day, state, ends_at, decided_at, epoch, version, facts, next_attempt_at)
select member_id, 'progress', '2026-03-03', date '2026-03-03', 'decided', now(), now(), 1, 1,
       json_build_object('member_id', member_id, 'epoch', 1, 'version', 1, 'account_time', '2026-03-03T17:00:00Z',
           'pending', 30, 'available', 150, 'owed', 0, 'tier', 'gold', 'saved', json_build_object('USD', 500),
           'program_version', 1, 'rewards_ready', json_build_array('five'),
           'next_reward', json_build_object('id', 'ten', 'points', 200, 'missing', 50)), now()
from unnest($1::text[]) as m (member_id)

-- name: waiting
select exists (select from notify.notifications where state in ('decided', 'sending', 'unknown'))
