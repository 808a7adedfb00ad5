-- The roads out: what is told to other platforms beside the mail, roads that are stopped, and their pace.

-- Service messages go before marketing (the kinds are headway.program.messages.SERVICE). `provider_id` is what the road
-- calls the message. `replayed_at`: when somebody last had it sent again that had been given up.
alter table notify.notifications
    add column priority smallint not null generated always as (case when kind in (
        'welcome', 'reward_used', 'points_taken_back', 'points_expiring', 'programme_change') then 0 else 1 end) stored,
    add column provider_id text not null default '',
    add column replayed_at timestamptz;
drop index notify.notifications_to_send;
create index notifications_to_send on notify.notifications (priority, coalesce(send_at, '-infinity'))
    where state in ('decided', 'unknown') and next_attempt_at is not null;
create index notifications_by_provider_id on notify.notifications (provider_id) where provider_id <> '';
create index notifications_failed on notify.notifications (ended_at) where state = 'failed';

-- An end is an end, but that what failed may be sent again when somebody says so: the transaction names itself.
create or replace function notify.refuse_impossible_step() returns trigger language plpgsql as $$
begin
    if (old.state, new.state) in (
        ('due', 'decided'), ('due', 'skipped'),
        ('decided', 'sending'), ('decided', 'skipped'),
        ('sending', 'sent'), ('sending', 'failed'), ('sending', 'decided'), ('sending', 'unknown'),
        ('unknown', 'sending'), ('unknown', 'sent'), ('unknown', 'failed'), ('unknown', 'skipped')) then
        return new;
    end if;
    if (old.state, new.state) = ('failed', 'decided') and current_setting('headway.replaying', true) = 'on'
       and new.replayed_at is distinct from old.replayed_at then
        return new;
    end if;
    raise exception 'a notification cannot go from % to %', old.state, new.state using errcode = 'HW002';
end $$;

-- One notification on its way to one engagement platform: the same life as a mail's, from `decided` on.
create table notify.handovers (
    notification    bigint      not null references notify.notifications (id),
    road            text        not null,
    state           text        not null default 'decided' constraint handovers_state_known
                                check (state in ('decided', 'sending', 'sent', 'failed', 'unknown', 'skipped')),
    priority        smallint    not null,
    send_at         timestamptz,                           -- both as the notification has them
    decided_at      timestamptz not null default clock_timestamp(),
    facts           json,                                  -- what is told instead of what the notification has
    detail          json,                                  -- frozen, where that was overtaken before the first try
    attempts        int         not null default 0,
    unsure          int         not null default 0,
    next_attempt_at timestamptz default clock_timestamp(),
    claim           uuid,
    claimed_until   timestamptz,
    ended_at        timestamptz,
    reply           text        not null default '',
    provider_id     text        not null default '',
    replayed_at     timestamptz,
    constraint handovers_pkey primary key (notification, road),
    constraint handovers_road_named check (road ~ '^[a-z][a-z0-9-]{0,31}$'),
    constraint handovers_sending_is_claimed check (
        state <> 'sending' or (claim is not null and claimed_until is not null and attempts > 0)),
    constraint handovers_waiting_has_time check (state <> 'decided' or next_attempt_at is not null),
    constraint handovers_end_is_dated check ((state in ('sent', 'failed', 'skipped')) = (ended_at is not null))
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
create index handovers_to_send on notify.handovers (road, priority, coalesce(send_at, '-infinity'))
    where state in ('decided', 'unknown') and next_attempt_at is not null;
create index handovers_claimed on notify.handovers (road, claimed_until) where state = 'sending';
create index handovers_failed on notify.handovers (ended_at) where state = 'failed';
create trigger handovers_steps before update of state on notify.handovers
    for each row when (old.state is distinct from new.state)
    execute function notify.refuse_impossible_step();
create trigger handovers_ended before update on notify.handovers
    for each row when (old.state in ('sent', 'failed', 'skipped'))
    execute function notify.refuse_impossible_step();

-- Roads that nothing is to be sent on, until somebody resumes them; 'all' is every road.
create table notify.pauses (
    road            text        not null constraint pauses_pkey primary key
                                constraint pauses_road_named check (road ~ '^[a-z][a-z0-9-]{0,31}$'),
    why             text        not null constraint pauses_why_said check (length(why) between 1 and 256),
    paused_by       text        not null,
    paused_at       timestamptz not null default clock_timestamp()
);

-- From when on a bucket of limited pace has room: one for each road, or for each domain that mail goes to, of which a
-- digest is kept.
create table notify.paces (
    bucket          bytea       not null constraint paces_pkey primary key,
    free_at         timestamptz not null
) with (fillfactor = 50);
