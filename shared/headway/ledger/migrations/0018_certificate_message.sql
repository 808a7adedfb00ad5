-- A message for certificates that issued themselves: a kind of its own, and a service message (headway.program.messages).
alter table notify.notifications
    drop constraint notifications_kind_known,
    add constraint notifications_kind_known check (kind in (
        'welcome', 'progress', 'reward_ready', 'reward_used', 'certificate_issued', 'tier_changed', 'tier_at_risk',
        'points_expiring', 'points_taken_back', 'referral_thanks', 'programme_change', 'statement'));

-- What a generated column is made of cannot be changed: it is made again, and the index on it.
alter table notify.notifications drop column priority;
alter table notify.notifications
    add column priority smallint not null generated always as (case when kind in (
        'welcome', 'reward_used', 'certificate_issued', 'points_taken_back', 'points_expiring', 'programme_change')
        then 0 else 1 end) stored;
create index notifications_to_send on notify.notifications (priority, coalesce(send_at, '-infinity'))
    where state in ('decided', 'unknown') and next_attempt_at is not null;
