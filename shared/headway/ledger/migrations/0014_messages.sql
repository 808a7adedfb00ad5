-- One message for each member, kind and cause, decided once, for good.

-- `cause` is what it is due for: of progress the business day. `detail` is what this kind tells
-- beside the account's facts. `send_at` is the earliest moment, by notify's clock, at which it may go.
alter table notify.notifications
    add column kind text not null default 'progress' constraint notifications_kind_known check (kind in (
        'welcome', 'progress', 'reward_ready', 'reward_used', 'tier_changed', 'tier_at_risk', 'points_expiring',
        'points_taken_back', 'referral_thanks', 'programme_change', 'statement')),
    add column cause text not null default '',
    add column detail json not null default '{}',
    add column send_at timestamptz;
update notify.notifications set cause = business_day::text where cause = '';
alter table notify.notifications
    alter column kind drop default,
    alter column cause drop default,
    drop constraint notifications_once,
    add constraint notifications_once unique (member_id, kind, cause),
    add constraint notifications_cause_named check (length(cause) between 1 and 512);
