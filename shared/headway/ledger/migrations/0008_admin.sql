-- Admin acts: adjustments of balances, with a second pair of eyes above a limit.

-- Who asked for an adjustment, who agreed, and what became of it. One at or below the limit is applied as it is asked for.
create table adjustments (
    adjustment_id  text        not null constraint adjustments_pkey primary key,
    number         bigint      generated always as identity constraint adjustments_number_unique unique,
    account_id     bigint      not null,
    points         bigint      not null constraint adjustments_points_some check (points <> 0),
    reason         text        not null constraint adjustments_reason_length check (length(reason) between 1 and 256),
    by_person      text        not null,                    -- an opaque id
    by_key         text        not null,                    -- the API key that asked
    limit_points   bigint      not null,                    -- what one person could adjust when it was asked for
    state          text        not null,
    second_person  text,                                    -- who approved or rejected it
    second_key     text,
    n              bigint,                                  -- the input that applied it
    asked_at       timestamptz not null default clock_timestamp(),
    decided_at     timestamptz,
    constraint adjustments_state_known check (state in ('proposed', 'applied', 'rejected')),
    constraint adjustments_people_named check (length(by_person) between 1 and 128 and length(second_person) between 1 and 128),
    constraint adjustments_second_whole check ((second_person is null) = (second_key is null)),
    constraint adjustments_decided check ((state = 'proposed') = (decided_at is null)),
    constraint adjustments_applied_by_input check ((state = 'applied') = (n is not null)),
    constraint adjustments_rejected_by_somebody check (state <> 'rejected' or second_person is not null),
    constraint adjustments_second_pair_of_eyes check (
        state <> 'applied' or abs(points) <= limit_points
        or (second_person is not null and second_person <> by_person and second_key <> by_key)),
    constraint adjustments_input_unique unique (account_id, n)
);
create index adjustments_by_account on adjustments (account_id, number);
create index adjustments_proposed on adjustments (number) where state = 'proposed';

-- What was asked for never changes; it is decided once.
create function refuse_rewriting_adjustments() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' and old.state = 'proposed' and new.state <> 'proposed'
       and to_jsonb(old) - '{state,second_person,second_key,n,decided_at}'::text[]
           = to_jsonb(new) - '{state,second_person,second_key,n,decided_at}'::text[] then
        return new;
    end if;
    raise exception 'an adjustment is decided once: % refused', tg_op using errcode = 'HW001';
end $$;
create trigger adjustments_decided_once before update or delete on adjustments
    for each row execute function refuse_rewriting_adjustments();
create trigger adjustments_no_truncate before truncate on adjustments
    for each statement execute function refuse_rewriting_history();

-- Redemptions newest first, of everybody and of one member.
create index redemptions_by_time on redemptions (reserved_at, redemption_id);
