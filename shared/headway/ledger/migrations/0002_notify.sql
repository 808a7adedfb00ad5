-- Notify's own tables, in a schema of their own: the only place with personal data (contacts),
-- so that rights to it can be given to notify alone.

create schema notify;

create table notify.contacts (
    member_id       text        not null constraint contacts_pkey primary key,
    email           text        not null,
    name            text        not null,
    locale          text        not null
);

-- The latest published version of each member's account; older or repeated ones are dropped.
create table notify.balances (
    member_id       text        not null constraint balances_pkey primary key,
    epoch           int         not null,
    version         bigint      not null,
    left_day        date,                                  -- local day on which the member left
    facts           json        not null                   -- the data of balance.changed
) with (fillfactor = 70);

-- One progress email per member and business day, decided once, for good.
--
--   due ──► decided ──► sending ──► sent
--    │        │  ▲         ├──────► failed      refused for good, or given up
--    │        │  └─────────┤                    put off: the server said "later", or none answered
--    │        │            └──────► unknown     the server may have it: time-out after the message,
--    └► skipped ◄┘         ▲           │        or a sender that died (sent, if it proves to be)
--                          └───────────┘        policy "resend"; under "leave" it stays
create table notify.notifications (
    id              bigint      generated always as identity constraint notifications_pkey primary key,
    member_id       text        not null,
    business_day    date        not null,
    state           text        not null default 'due' constraint notifications_state_known
                                check (state in ('due', 'decided', 'sending', 'sent', 'failed', 'unknown', 'skipped')),
    ends_at         timestamptz not null,                  -- when the business day is over: decide then
    recorded_at     timestamptz not null default clock_timestamp(),
    decided_at      timestamptz,
    epoch           int,                                   -- with version and facts: what the mail says,
    version         bigint,                                -- frozen when it was decided
    facts           json,
    attempts        int         not null default 0,        -- times a sender took it
    unsure          int         not null default 0,        -- times nobody knew whether the server had it
    next_attempt_at timestamptz,                           -- when a sender may take it; null: never again
    claim           uuid,                                  -- the sender's hold on it
    claimed_until   timestamptz,
    ended_at        timestamptz,
    reply           text        not null default '',       -- the server's last answer, or why not
    constraint notifications_once unique (member_id, business_day),
    constraint notifications_decided_is_frozen check (
        (state in ('due', 'skipped')) or (decided_at is not null and epoch is not null
                                          and version is not null and facts is not null)),
    constraint notifications_due_is_untouched check (
        state <> 'due' or (decided_at is null and attempts = 0 and claim is null)),
    constraint notifications_sending_is_claimed check (
        state <> 'sending' or (claim is not null and claimed_until is not null and attempts > 0)),
    constraint notifications_waiting_has_time check (state <> 'decided' or next_attempt_at is not null),
    constraint notifications_end_is_dated check (
        (state in ('sent', 'failed', 'skipped')) = (ended_at is not null))
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
create index notifications_by_end_of_day on notify.notifications (ends_at) where state = 'due';
create index notifications_to_send on notify.notifications (next_attempt_at)
    where state in ('decided', 'unknown') and next_attempt_at is not null;
create index notifications_claimed on notify.notifications (claimed_until) where state = 'sending';

create function notify.refuse_impossible_step() returns trigger language plpgsql as $$
begin
    if (old.state, new.state) in (
        ('due', 'decided'), ('due', 'skipped'),
        ('decided', 'sending'), ('decided', 'skipped'),
        ('sending', 'sent'), ('sending', 'failed'), ('sending', 'decided'), ('sending', 'unknown'),
        ('unknown', 'sending'), ('unknown', 'sent'), ('unknown', 'failed'), ('unknown', 'skipped')) then
        return new;
    end if;
    raise exception 'a notification cannot go from % to %', old.state, new.state using errcode = 'HW002';
end $$;
create trigger notifications_steps before update of state on notify.notifications
    for each row when (old.state is distinct from new.state)
    execute function notify.refuse_impossible_step();
create trigger notifications_ended before update on notify.notifications
    for each row when (old.state in ('sent', 'failed', 'skipped'))
    execute function notify.refuse_impossible_step();
