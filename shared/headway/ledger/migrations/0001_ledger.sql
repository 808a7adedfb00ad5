-- The ledger: what was decided on (inputs), what it moved (points_events), and the projections
-- that make the next decision quick (accounts, lots). Append-only where history is told;
-- every invariant has a constraint with a name, so that an error names what broke.

create table program_versions (
    version       int         not null constraint program_versions_pkey primary key,
    from_at       timestamptz not null constraint program_versions_from_at_unique unique,
    document      text        not null,
    digest        bytea       not null constraint program_versions_digest_is_sha256 check (length(digest) = 32),
    recorded_at   timestamptz not null default clock_timestamp()
);

-- One row: which life of this database we are in. A restore to an earlier point starts a new epoch.
create table ledger_epoch (
    only_row      boolean     not null default true constraint ledger_epoch_pkey primary key
                              constraint ledger_epoch_single_row check (only_row),
    epoch         int         not null constraint ledger_epoch_positive check (epoch >= 1),
    since         timestamptz not null default clock_timestamp(),
    confirmed_at  timestamptz not null default clock_timestamp()   -- last compared with what Kafka knows
);
insert into ledger_epoch (epoch) values (1);

-- When a process found this database behind what Kafka knows was committed, and where.
create table restores (
    found_at      timestamptz not null default clock_timestamp(),
    partitions    text[]      not null
);

create table accounts (
    account_id    bigint      generated always as identity constraint accounts_pkey primary key,
    member_id     text        not null constraint accounts_member_id_unique unique
                              constraint accounts_member_id_length check (length(member_id) between 1 and 128),
    pending       bigint      not null default 0 constraint accounts_pending_not_negative check (pending >= 0),
    available     bigint      not null default 0 constraint accounts_available_not_negative check (available >= 0),
    reserved      bigint      not null default 0 constraint accounts_reserved_not_negative check (reserved >= 0),
    owed          bigint      not null default 0 constraint accounts_owed_not_positive check (owed <= 0),
    seq           bigint      not null default 0,          -- last points event
    inputs        bigint      not null default 0,          -- last input (n)
    tier_seq      bigint      not null default 0,          -- last tier event
    version       bigint      not null default 0,          -- causes that changed this account, published one each
    head_hash     bytea       not null default decode(repeat('00', 32), 'hex'),
    account_time  timestamptz,                             -- latest business time decided on
    recorded_at   timestamptz,                             -- of the last input; never goes back
    joined_at     timestamptz,
    left_at       timestamptz,
    tier          text        not null default '',
    next_due_at   timestamptz,                             -- when settling next has something to do
    held          text,                                    -- why jobs leave this account alone, until a person looks
    state         json        not null default '{}',       -- remainders, saved, tier spend by day, first order
    constraint accounts_available_or_owed check (available = 0 or owed = 0)
) with (fillfactor = 60);
create index accounts_due on accounts (next_due_at) where next_due_at is not null;

create table inputs (
    source        text        not null,
    id            text        not null,
    account_id    bigint      not null,
    n             bigint      not null,
    kind          text        not null,
    business_time timestamptz not null,
    recorded_at   timestamptz not null,
    data          json        not null,
    digest        bytea       not null,
    outcome       text        not null constraint inputs_outcome_known
                              check (outcome in ('applied', 'nothing', 'parked', 'refused')),
    reason        text        not null default '',
    constraint inputs_pkey primary key (source, id),
    constraint inputs_digest_is_sha256 check (length(digest) = 32)
) partition by hash (source, id);
do $$ begin
    for i in 0..7 loop
        execute format('create table inputs_%s partition of inputs for values with (modulus 8, remainder %s)', i, i);
    end loop;
end $$;
create index inputs_by_account on inputs (account_id, n);

create table parked (
    account_id    bigint      not null,
    n             bigint      not null,
    waits_for     text        not null,                    -- 'member', 'order:ID', 'review:ID'
    since         timestamptz not null,
    constraint parked_pkey primary key (account_id, n)
);

create table points_events (
    account_id      bigint      not null,
    seq             bigint      not null,
    kind            text        not null constraint points_events_kind_known check (kind in (
                                'earn', 'activate', 'reserve', 'release', 'redeem', 'restore', 'expire', 'extend',
                                'reinstate', 'reverse', 'waive', 'repay', 'move_out', 'move_in', 'donate', 'adjust')),
    points          bigint      not null constraint points_events_points_not_negative check (points >= 0),
    from_bucket     text        not null,
    to_bucket       text        not null,
    lot             bigint,
    corrects        bigint,
    "group"         text,
    origin_account  bigint,
    origin_seq      bigint,
    cause           bigint      not null,                  -- inputs.n of this account
    order_id        text,
    line_id         text,
    rule            text,
    program_version int         not null,
    exact           bigint      not null default 0,        -- millionths of a point
    activates_at    timestamptz,
    expires_at      timestamptz,
    funder          text        not null default 'brand',
    effective_at    timestamptz not null,
    recorded_at     timestamptz not null,
    prev_hash       bytea       not null,
    hash            bytea       not null,
    hash_form       smallint    not null default 1,
    constraint points_events_pkey primary key (account_id, seq),
    constraint points_events_buckets_known check (
        from_bucket in ('issued', 'pending', 'available', 'reserved', 'owed', 'redeemed', 'expired', 'moved', 'waived')
        and to_bucket in ('pending', 'available', 'reserved', 'owed', 'redeemed', 'expired', 'reversed', 'donated', 'moved', 'waived')),
    constraint points_events_move_between_two check (from_bucket <> to_bucket)
);
create index points_events_by_group on points_events (account_id, "group") where "group" is not null;

create table tier_events (
    account_id    bigint      not null,
    tier_seq      bigint      not null,
    tier_from     text        not null,
    tier_to       text        not null,
    cause         bigint      not null,
    program_version int       not null,
    effective_at  timestamptz not null,
    recorded_at   timestamptz not null,
    constraint tier_events_pkey primary key (account_id, tier_seq),
    constraint tier_events_change check (tier_from <> tier_to)
);

create function refuse_rewriting_history() returns trigger language plpgsql as $$
begin
    raise exception '% is append-only: % refused', tg_table_name, tg_op using errcode = 'HW001';
end $$;
create trigger points_events_append_only before update or delete on points_events
    for each row execute function refuse_rewriting_history();
create trigger points_events_no_truncate before truncate on points_events
    for each statement execute function refuse_rewriting_history();
create trigger tier_events_append_only before update or delete on tier_events
    for each row execute function refuse_rewriting_history();
create trigger tier_events_no_truncate before truncate on tier_events
    for each statement execute function refuse_rewriting_history();
create trigger program_versions_append_only before update or delete on program_versions
    for each row execute function refuse_rewriting_history();

-- Only a parked input may change, once, to what became of it.
create function refuse_rewriting_inputs() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' and old.outcome = 'parked' and new.outcome <> 'parked'
       and row(old.source, old.id, old.account_id, old.n, old.kind, old.business_time, old.recorded_at, old.digest)
           is not distinct from
           row(new.source, new.id, new.account_id, new.n, new.kind, new.business_time, new.recorded_at, new.digest) then
        return new;
    end if;
    raise exception 'inputs is append-only: % refused', tg_op using errcode = 'HW001';
end $$;
create trigger inputs_append_only before update or delete on inputs
    for each row execute function refuse_rewriting_inputs();
create trigger inputs_no_truncate before truncate on inputs
    for each statement execute function refuse_rewriting_history();

-- A lot is the points of one earn (its seq). Projection of points_events.
create table lots (
    account_id      bigint      not null,
    lot             bigint      not null,
    points          bigint      not null,
    pending         bigint      not null constraint lots_pending_not_negative check (pending >= 0),
    available       bigint      not null constraint lots_available_not_negative check (available >= 0),
    reserved        bigint      not null constraint lots_reserved_not_negative check (reserved >= 0),
    expired         bigint      not null constraint lots_expired_not_negative check (expired >= 0),
    waived          bigint      not null constraint lots_waived_not_negative check (waived >= 0),
    exact           bigint      not null,
    exact_returned  bigint      not null constraint lots_exact_returned_in_bounds
                                check (exact_returned >= 0 and exact_returned <= greatest(exact, 0)),
    rule            text        not null,
    award           text        not null,                  -- what it was earned for: 'order:ID', 'review:ID', ...
    line_id         text        not null default '',
    program_version int         not null,
    earned_at       timestamptz not null,
    activates_at    timestamptz not null,
    expires_at      timestamptz,
    constraint lots_pkey primary key (account_id, lot),
    constraint lots_within_points check (pending + available + reserved + expired <= points)
) with (fillfactor = 70);

-- Business keys: each names the account and the input that holds it.
create table orders (
    order_id        text        not null constraint orders_pkey primary key,
    account_id      bigint      not null,
    n               bigint      not null,
    order_version   bigint      not null,
    digest          bytea       not null,                  -- of what was bought: equal means "already paid"
    currency        text        not null,
    paid_at         timestamptz not null,
    tier            text        not null,                  -- the tier it was judged at
    program_version int         not null,
    counts          boolean     not null                   -- towards tiers and awards: paid while a member
) with (fillfactor = 90);

create table order_lines (
    account_id      bigint      not null,
    order_id        text        not null,
    line_id         text        not null,
    sku             text        not null,
    category        text        not null,
    quantity        bigint      not null constraint order_lines_quantity_positive check (quantity > 0),
    returned        bigint      not null constraint order_lines_returned_within_quantity
                                check (returned >= 0 and returned <= quantity),
    amount          bigint      not null,                  -- minor units that can earn: no gift card, no part paid with points
    constraint order_lines_pkey primary key (account_id, order_id, line_id)
) with (fillfactor = 90);

create table refunds (
    refund_id       text        not null constraint refunds_pkey primary key,
    account_id      bigint      not null,
    n               bigint      not null,
    digest          bytea       not null
);

create table reviews (
    review_id       text        not null constraint reviews_pkey primary key,
    account_id      bigint      not null,
    n               bigint      not null,
    digest          bytea       not null,
    removed         boolean     not null default false
);

-- A friend is referred once. What became of the referral is in the friend's accounts.state.
create table referees (
    account_id      bigint      not null constraint referees_pkey primary key,
    referral_id     text        not null constraint referees_referral_id_unique unique,
    n               bigint      not null
);

-- What effects made of an account: the highest revision of each (referral, rule).
create table effect_awards (
    effect_key      text        not null constraint effect_awards_pkey primary key,   -- 'REFERRAL:RULE'
    account_id      bigint      not null,
    revision        int         not null,
    exact           bigint      not null
);

create table redemptions (
    redemption_id   text        not null constraint redemptions_pkey primary key,
    account_id      bigint      not null,
    reward_id       text        not null,
    reward_name     text        not null,
    points          bigint      not null constraint redemptions_points_positive check (points > 0),
    value_minor     bigint      not null,
    currency        text        not null,
    program_version int         not null,
    state           text        not null constraint redemptions_state_known
                                check (state in ('reserved', 'confirmed', 'cancelled', 'timed_out', 'reversed')),
    reserved_at     timestamptz not null,                  -- business time
    held_until      timestamptz not null,                  -- system clock
    updated_at      timestamptz not null
) with (fillfactor = 80);
create index redemptions_by_account on redemptions (account_id);
create index redemptions_held on redemptions (held_until) where state = 'reserved';

create table idempotency_keys (
    key             text        not null constraint idempotency_keys_pkey primary key,
    digest          bytea       not null,                  -- of method, path and body
    status          int         not null,
    answer          json        not null,
    recorded_at     timestamptz not null default clock_timestamp()
);

create table positions (
    consumer_group  text        not null,
    topic           text        not null,
    partition       int         not null,
    next_offset     bigint      not null,
    log_end         bigint      not null,
    business_time   timestamptz,                           -- of the last event read there
    constraint positions_pkey primary key (consumer_group, topic, partition)
) with (fillfactor = 50);

create table dead_letters (
    id              bigint      generated always as identity constraint dead_letters_pkey primary key,
    consumer_group  text        not null,
    topic           text        not null,
    partition       int         not null,
    "offset"        bigint      not null,
    key             bytea,
    value           bytea,                                 -- original bytes; null where the body is personal data
    headers         json        not null,                  -- [[name, base64 value], ...]
    stage           text        not null,                  -- decode, validate, decide, write
    reason          text        not null,                  -- short code: 'not-json', 'unknown-type', 'conflict', ...
    field           text        not null default '',
    message         text        not null,
    release         text        not null,                  -- version of Headway that refused it
    failed_at       timestamptz not null,
    replayed_at     timestamptz,
    constraint dead_letters_coordinates_unique unique (consumer_group, topic, partition, "offset")
);

create table outbox (
    shard           smallint    not null constraint outbox_shard_known check (shard between 0 and 15),
    id              bigint      generated always as identity,
    topic           text        not null,
    key             bytea       not null,
    value           bytea,
    headers         text        not null,                  -- JSON: [[name, value], ...]
    constraint outbox_pkey primary key (shard, id)
) with (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0);

-- The shapes in which a batch arrives for the one statement that writes it (tables written whole
-- are shapes themselves).
create type points_event_in as (
    account_id bigint, seq bigint, kind text, points bigint, from_bucket text, to_bucket text, lot bigint,
    corrects bigint, "group" text, cause bigint, order_id text, line_id text, rule text, program_version int,
    exact bigint, activates_at timestamptz, expires_at timestamptz, effective_at timestamptz,
    recorded_at timestamptz, prev_hash bytea, hash bytea);
create type account_in as (
    account_id bigint, pending bigint, available bigint, reserved bigint, owed bigint, seq bigint, inputs bigint,
    tier_seq bigint, version bigint, head_hash bytea, account_time timestamptz, recorded_at timestamptz,
    joined_at timestamptz, left_at timestamptz, tier text, next_due_at timestamptz, state json);
create type outcome_in as (source text, id text, outcome text, reason text);
create type outbox_in as (shard smallint, topic text, key bytea, value bytea, headers text);
create type dead_letter_in as (
    consumer_group text, topic text, partition int, "offset" bigint, key bytea, value bytea, headers json,
    stage text, reason text, field text, message text, release text, failed_at timestamptz);
