-- What notify knows of people is sealed; what they want to hear, and what came back of their mail.

-- The installation's own secret, wrapped under the master key that only notify's environment has.
-- What wraps members' keys, finds addresses again and seals feedback is derived from it, so another
-- master key re-wraps this one row and nothing else changes.
create table notify.root_key (
    one            bool        not null default true constraint root_key_pkey primary key
                               constraint root_key_one check (one),
    wrapped        bytea       not null,
    made_at        timestamptz not null default clock_timestamp()
);

-- A key for each member. Deleting it is erasing: nothing else opens what was sealed under it.
create table notify.member_keys (
    member_id      text        not null constraint member_keys_pkey primary key,
    wrapped        bytea       not null,
    made_at        timestamptz not null default clock_timestamp()
);

-- Contacts that were there in plain text are sealed by notify before it does anything else; SQL cannot.
alter table notify.contacts
    alter column email drop not null,
    alter column name drop not null,
    alter column locale drop not null,
    add column sealed bytea,                               -- e-mail, name, locale, zone
    add column address_digest bytea,                       -- keyed: to find an address, not to read it
    add column marketing boolean,                          -- agreed, refused, or nobody said
    add constraint contacts_sealed_or_plain check (
        case when sealed is null then num_nulls(email, name, locale) = 0 and address_digest is null
             else num_nonnulls(email, name, locale) = 0 and address_digest is not null end);
create index contacts_by_address on notify.contacts (address_digest);
create index contacts_in_plain on notify.contacts (member_id) where sealed is null;

-- What a member chose to hear of, or not. No row: not chosen, which is wanted.
create table notify.preferences (
    member_id      text        not null,
    topic          text        not null constraint preferences_topic_known check (topic in (
                               'progress', 'rewards', 'tiers', 'expiry', 'account', 'statement')),
    wanted         boolean     not null,
    changed_at     timestamptz not null default clock_timestamp(),
    how            text        not null constraint preferences_how_known check (
                               how in ('page', 'one_click', 'feedback')),
    constraint preferences_pkey primary key (member_id, topic)
);

-- Addresses that nothing is sent to, whosever they are and whatever it is about. They outlive the
-- member: who complained is not written to again because they came back.
create table notify.suppressions (
    address_digest bytea       not null,
    reason         text        not null constraint suppressions_reason_known check (reason in (
                               'hard_bounce', 'complaint', 'soft_bounces', 'unsubscribed_all', 'manual')),
    since          timestamptz not null default clock_timestamp(),
    detail         text        not null default '',        -- a status, never an address
    constraint suppressions_pkey primary key (address_digest, reason)
);

-- What mail servers and platforms said, as it came, until it has been worked through.
create table notify.feedback (
    id             bigint      generated always as identity constraint feedback_pkey primary key,
    source         text        not null constraint feedback_source_known check (source in ('ses', 'generic')),
    event_id       text        not null,
    sealed         bytea,                                  -- the body; gone once it is worked through
    received_at    timestamptz not null default clock_timestamp(),
    due_at         timestamptz not null default clock_timestamp(),
    tries          int         not null default 0,
    trouble        text        not null default '',        -- why the last try failed
    processed_at   timestamptz,
    constraint feedback_once unique (source, event_id),
    constraint feedback_body_until_processed check ((processed_at is null) = (sealed is not null))
);
create index feedback_waiting on notify.feedback (due_at) where processed_at is null;

-- What it meant, in the vocabulary of django-anymail: one row for each recipient it was about.
create table notify.feedback_events (
    feedback_id     bigint     not null constraint feedback_events_of references notify.feedback,
    position        int        not null,
    event_type      text       not null constraint feedback_events_type_known check (event_type in (
                               'queued', 'sent', 'rejected', 'failed', 'bounced', 'deferred', 'delivered',
                               'autoresponded', 'opened', 'clicked', 'complained', 'unsubscribed', 'subscribed',
                               'unknown')),
    reject_reason   text       not null default '' constraint feedback_events_reason_known check (reject_reason in (
                               '', 'invalid', 'bounced', 'timed_out', 'blocked', 'spam', 'unsubscribed', 'other')),
    bounce          text       not null default '' constraint feedback_events_bounce_known check (
                               bounce in ('', 'hard', 'soft')),
    kind            text       not null default '',        -- what the sender of it calls this
    notification_id bigint     constraint feedback_events_about references notify.notifications,
    happened_at     timestamptz,
    constraint feedback_events_pkey primary key (feedback_id, position)
);
create index feedback_events_by_notification on notify.feedback_events (notification_id);
create trigger feedback_events_append_only before update or delete on notify.feedback_events
    for each row execute function refuse_rewriting_history();
create trigger feedback_events_no_truncate before truncate on notify.feedback_events
    for each statement execute function refuse_rewriting_history();

-- Bounces that may pass, counted until there are too many in too short a time.
create table notify.soft_bounces (
    address_digest bytea       not null,
    feedback_id    bigint      not null,
    bounced_at     timestamptz not null,
    constraint soft_bounces_pkey primary key (address_digest, feedback_id)
);

-- Whom one can write to, with what stands against it: why nothing at all is sent to the address, and which topics are
-- not wanted.
create view notify.addressees as
select c.member_id, c.sealed, k.wrapped, c.marketing,
       coalesce((select s.reason from notify.suppressions s where s.address_digest = c.address_digest
                 order by s.since limit 1), '') as suppressed,
       array(select p.topic from notify.preferences p
             where p.member_id = c.member_id and not p.wanted) as unwanted
from notify.contacts c join notify.member_keys k using (member_id);
