-- The catalogue: stock and places, voucher codes, donations, and the life of a redemption.

-- Points given to a cause, and back from it when that is undone. Wider than what was there, so
-- rows that are there need no second look.
alter table points_events
    drop constraint points_events_buckets_known,
    add constraint points_events_buckets_known check (
        from_bucket in ('issued', 'pending', 'available', 'reserved', 'owed', 'redeemed', 'expired', 'donated', 'moved', 'waived')
        and to_bucket in ('pending', 'available', 'reserved', 'owed', 'redeemed', 'expired', 'reversed', 'donated', 'moved', 'waived'))
        not valid;

alter table redemptions
    drop constraint redemptions_state_known,
    add column kind text not null default 'money_off' constraint redemptions_kind_known check (kind in (
        'money_off', 'percent_off', 'free_product', 'voucher', 'early_access', 'experience', 'donation', 'pay_with_points')),
    add column cash_minor bigint not null default 0 constraint redemptions_cash_not_negative check (cash_minor >= 0),
    add column counted boolean not null default false,     -- took one of the reward's stock or places
    add column code text,                                  -- a voucher's
    add constraint redemptions_state_known check (
        state in ('reserved', 'confirmed', 'fulfilled', 'cancelled', 'timed_out', 'reversed')) not valid,
    add constraint redemptions_value_not_negative check (value_minor >= 0) not valid;

-- How often a member has had a reward.
drop index redemptions_by_account;
create index redemptions_by_account on redemptions (account_id, reward_id, reserved_at);

-- The moves that headway.domain.redemption draws; a test compares the two.
create table redemption_moves (
    from_state    text        not null,
    to_state      text        not null,
    constraint redemption_moves_pkey primary key (from_state, to_state)
);
insert into redemption_moves values
    ('reserved', 'confirmed'), ('reserved', 'cancelled'), ('reserved', 'timed_out'),
    ('confirmed', 'fulfilled'), ('confirmed', 'reversed'), ('fulfilled', 'reversed');

create function refuse_unknown_redemption_moves() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        if new.state <> 'reserved' then
            raise exception 'redemption % begins as %', new.redemption_id, new.state
                using errcode = 'check_violation', constraint = 'redemptions_begin_reserved';
        end if;
    elsif not exists (select from redemption_moves where from_state = old.state and to_state = new.state) then
        raise exception 'redemption % goes from % to %', new.redemption_id, old.state, new.state
            using errcode = 'check_violation', constraint = 'redemptions_move_known';
    end if;
    return null;
end $$;
create constraint trigger redemptions_begin_reserved after insert on redemptions
    for each row execute function refuse_unknown_redemption_moves();
create constraint trigger redemptions_move_known after update of state on redemptions
    for each row when (old.state is distinct from new.state) execute function refuse_unknown_redemption_moves();

-- What a redemption is never changes; only how far it is.
create function refuse_rewriting_redemptions() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' and to_jsonb(old) - '{state,held_until,updated_at}'::text[] = to_jsonb(new) - '{state,held_until,updated_at}'::text[] then
        return new;
    end if;
    raise exception 'redemptions keep what they are: % refused', tg_op using errcode = 'HW001';
end $$;
create trigger redemptions_keep_what_they_are before update or delete on redemptions
    for each row execute function refuse_rewriting_redemptions();
create trigger redemptions_no_truncate before truncate on redemptions
    for each statement execute function refuse_rewriting_history();

-- How many of a reward there are, and how many of them are spoken for. A row for each reward whose
-- programme gives it a stock or places.
create table reward_stock (
    reward_id     text        not null constraint reward_stock_pkey primary key,
    total         bigint      not null,
    taken         bigint      not null default 0 constraint reward_stock_taken_not_negative check (taken >= 0),
    constraint reward_stock_not_oversold check (taken <= total)
) with (fillfactor = 50);

-- Voucher codes. One for each member goes free, taken (held), given, then used or void; one for
-- all members stays shared.
create table codes (
    code          text        not null constraint codes_pkey primary key
                              constraint codes_form check (code ~ '^[A-Za-z0-9._~-]{4,64}$'),
    pool          text        not null,
    state         text        not null constraint codes_state_known
                              check (state in ('free', 'taken', 'given', 'used', 'void', 'shared')),
    redemption_id text,
    valid_until   timestamptz,                             -- business time
    constraint codes_redemption_while_not_free check ((redemption_id is null) = (state in ('free', 'shared')))
) with (fillfactor = 80);
create unique index codes_redemption_unique on codes (redemption_id) where redemption_id is not null;
create index codes_free on codes (pool) where state in ('free', 'shared');

create function refuse_unknown_code_moves() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' and (old.code, old.pool) = (new.code, new.pool)
       and (old.state, new.state) in (('free', 'taken'), ('taken', 'free'), ('taken', 'given'), ('given', 'used'), ('given', 'void')) then
        return new;
    end if;
    if tg_op = 'INSERT' and new.state in ('free', 'shared') then
        return new;
    end if;
    raise exception 'code of pool % goes from % to %', old.pool, old.state, new.state
        using errcode = 'check_violation', constraint = 'codes_move_known';
end $$;
create trigger codes_move_known before update on codes
    for each row execute function refuse_unknown_code_moves();
create trigger codes_append_only before delete on codes
    for each row execute function refuse_rewriting_history();
create trigger codes_no_truncate before truncate on codes
    for each statement execute function refuse_rewriting_history();

-- Each use of a code at a checkout; of a shared one there are many.
create table code_uses (
    code          text        not null,
    key           text        not null,                    -- the idempotency key of the request
    order_id      text,
    used_at       timestamptz not null,                    -- business time
    constraint code_uses_pkey primary key (code, key)
);
create trigger code_uses_append_only before update or delete on code_uses
    for each row execute function refuse_rewriting_history();
create trigger code_uses_no_truncate before truncate on code_uses
    for each statement execute function refuse_rewriting_history();
