-- One message for each member, kind and cause, decided once, for good.

-- `cause` is what it is due for: of progress the business day. `detail` is what this kind tells
-- beside the account's facts. `send_at` is the earliest moment, by notify's clock, at which it may go.
alter table notify.notifications
    add column kind text not null default 'progress' constraint notifications_kind_known check (kind in (
        'welcome', 'progress', 'reward_ready', 'reward_used', 'tier_changed', 'tier_at_risk', 'points_expiring',
        'points_taken_back', 'referral_thanks', 'programme_change', 'statement')),
    add column cause text not null default '',
    add column detail json not null default '{}',
    add column send_at timestamptz,
    -- The account's version from which on it may be decided: what gave notice may come before the balance.
    add column version_from bigint not null default 1;
update notify.notifications set cause = business_day::text where cause = '';
alter table notify.notifications
    alter column kind drop default,
    alter column cause drop default,
    drop constraint notifications_once,
    add constraint notifications_once unique (member_id, kind, cause),
    add constraint notifications_cause_named check (length(cause) between 1 and 512);

-- What came and went in the period of a statement, which begins on `first_day`; held: all that is held after the
-- latest change in it.
create table notify.movements (
    member_id     text        not null,
    first_day     date        not null,
    epoch         int         not null,
    version       bigint      not null,
    held          bigint      not null,
    earned        bigint      not null,
    restored      bigint      not null,
    adjusted      bigint      not null,
    used          bigint      not null,
    expired       bigint      not null,
    taken_back    bigint      not null,
    constraint movements_pkey primary key (member_id, first_day)
) with (fillfactor = 70);

-- Versions of the programme of which members have been told, or that were there before anybody was told anything.
create table notify.announced (
    version       int         not null constraint announced_pkey primary key,
    announced_at  timestamptz not null default clock_timestamp()
);
