-- What operators look at: how the jobs do, what `headway verify` found, how long messages have waited.

-- When each periodic job last ran, whichever process ran it. `next_at`: when at the latest it should have run again, and
-- this row be newer. Written every ten seconds at most, and whenever a job begins or ceases to fail.
create table job_runs (
    job             text        not null constraint job_runs_pkey primary key
                                constraint job_runs_job_form check (job ~ '^[a-z]+\.[a-z][a-z0-9-]*$'),
    ran_at          timestamptz not null,
    outcome         text        not null constraint job_runs_outcome_known check (outcome in ('ok', 'failed')),
    since           timestamptz not null,                  -- since when that is the outcome
    ok_at           timestamptz,                           -- when it last ran well; null: never
    did             bigint      not null constraint job_runs_did_not_negative check (did >= 0),  -- since the row before
    trouble         text        not null default '',       -- the kind of error; nothing of anybody's
    next_at         timestamptz not null,
    constraint job_runs_trouble_when_failed check ((outcome = 'failed') = (trouble <> '')),
    constraint job_runs_next_is_later check (next_at >= ran_at)
) with (fillfactor = 50);

-- Each run of `headway verify` that came to an end, by a role that may write here.
create table verify_runs (
    run             bigint      generated always as identity constraint verify_runs_pkey primary key,
    began_at        timestamptz not null,
    took_s          float8      not null constraint verify_runs_took_not_negative check (took_s >= 0),
    scope           text        not null constraint verify_runs_scope_known check (scope in ('ledger', 'ledger and topic')),
    ok              boolean     not null,
    findings        json        not null,                  -- how many, by check; of those that are broken
    release         text        not null,
    constraint verify_runs_ok_without_findings check (ok = (findings::text = '{}'))
);
create trigger verify_runs_append_only before update or delete on verify_runs
    for each row execute function refuse_rewriting_history();
create trigger verify_runs_no_truncate before truncate on verify_runs
    for each statement execute function refuse_rewriting_history();

-- How long the oldest message has been waiting to be published.
alter table outbox add column recorded_at timestamptz not null default clock_timestamp();

-- What waits for a person, counted without reading what does not.
create index accounts_held on accounts (account_id) where held is not null;
create index dead_letters_waiting on dead_letters (id) where replayed_at is null;
