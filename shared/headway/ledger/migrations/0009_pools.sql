-- Points that move between members: transfers, and household pools that members spend from together.

-- Rows of moves name the row that they answer.
drop type points_event_in;
create type points_event_in as (
    account_id bigint, seq bigint, kind text, points bigint, from_bucket text, to_bucket text, lot bigint,
    corrects bigint, "group" text, cause bigint, order_id text, line_id text, rule text, program_version int,
    exact bigint, activates_at timestamptz, expires_at timestamptz, effective_at timestamptz,
    origin_account bigint, origin_seq bigint, recorded_at timestamptz, prev_hash bytea, hash bytea);

alter table points_events
    add constraint points_events_origin_of_move_in check (
        (kind = 'move_in') = (origin_account is not null) and (kind = 'move_in') = (origin_seq is not null)) not valid,
    add constraint points_events_moves_in_group check (kind not in ('move_out', 'move_in') or "group" is not null) not valid,
    add constraint points_events_moves_through_moved check (
        case kind when 'move_out' then from_bucket = 'available' and to_bucket = 'moved'
                  when 'move_in' then from_bucket = 'moved' and to_bucket = 'available'
                  else from_bucket <> 'moved' and to_bucket <> 'moved' end) not valid;

-- A move_out is answered once.
create unique index points_events_origin_unique on points_events (origin_account, origin_seq) where origin_account is not null;

-- What one member has sent another. The ledger's rows carry it; this is how it is found again.
create table transfers (
    transfer_id   text        not null constraint transfers_pkey primary key,
    from_account  bigint      not null,
    to_account    bigint      not null,
    points        bigint      not null constraint transfers_points_positive check (points > 0),
    sent_at       timestamptz not null,                    -- business time
    n             bigint      not null,                    -- the sender's input
    constraint transfers_between_two check (from_account <> to_account),
    constraint transfers_input_unique unique (from_account, n)
);
create index transfers_by_sender on transfers (from_account, sent_at);
create trigger transfers_append_only before update or delete on transfers
    for each row execute function refuse_rewriting_history();
create trigger transfers_no_truncate before truncate on transfers
    for each statement execute function refuse_rewriting_history();

-- A household: its members spend from what all of them have. Nobody's points are kept here.
create table pools (
    pool_id       text        not null constraint pools_pkey primary key,
    state         text        not null default 'open' constraint pools_state_known check (state in ('open', 'dissolved')),
    created_at    timestamptz not null default clock_timestamp()
);

create table pool_members (
    pool_id       text        not null constraint pool_members_pool_known references pools,
    account_id    bigint      not null,
    role          text        not null constraint pool_members_role_known check (role in ('owner', 'member')),
    state         text        not null constraint pool_members_state_known check (state in ('invited', 'joined', 'left')),
    may_spend     boolean     not null,
    since         timestamptz not null default clock_timestamp(),   -- in that state
    constraint pool_members_pkey primary key (pool_id, account_id),
    constraint pool_members_owner_not_invited check (role = 'member' or state <> 'invited')
) with (fillfactor = 80);
create unique index pool_members_joined_once on pool_members (account_id) where state = 'joined';
create unique index pool_members_one_owner on pool_members (pool_id) where role = 'owner';
create index pool_members_by_account on pool_members (account_id);

-- Every act on a pool: by which member or key, about which member.
create table pool_events (
    entry         bigint      generated always as identity constraint pool_events_pkey primary key,
    pool_id       text        not null constraint pool_events_pool_known references pools,
    act           text        not null constraint pool_events_act_known check (act in (
                              'create', 'invite', 'accept', 'decline', 'leave', 'allow_spending', 'refuse_spending', 'dissolve')),
    by_account    bigint      not null,
    about_account bigint      not null,
    by_key        text        not null,                    -- the API key that asked, or that issued the member's token
    by_member     boolean     not null,                    -- whether the member asked with a token
    recorded_at   timestamptz not null default clock_timestamp()
);
create index pool_events_by_pool on pool_events (pool_id, entry);
create trigger pool_events_append_only before update or delete on pool_events
    for each row execute function refuse_rewriting_history();
create trigger pool_events_no_truncate before truncate on pool_events
    for each statement execute function refuse_rewriting_history();

-- From which pool the points came, if not from the member's own account alone.
alter table redemptions add column pool_id text constraint redemptions_pool_known references pools;
create index redemptions_pooled_held on redemptions (held_until) where state = 'reserved' and pool_id is not null;
