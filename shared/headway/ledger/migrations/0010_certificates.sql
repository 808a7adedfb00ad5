-- Certificates that issue themselves: a redemption that nobody asked for, confirmed from the beginning. Its code comes
-- later, out of the pool, from a job: whoever earns takes no codes.

alter table redemptions
    add column automatic boolean not null default false,
    add constraint redemptions_automatic_voucher check (not automatic or (kind = 'voucher' and not counted)) not valid;

create type certificate_in as (
    redemption_id text, account_id bigint, reward_id text, reward_name text, points bigint, value_minor bigint,
    currency text, program_version int, state text, issued_at timestamptz, updated_at timestamptz);

-- What waits for a code, found without reading the others.
create index redemptions_without_code on redemptions (account_id)
    where automatic and code is null and state in ('confirmed', 'fulfilled');

-- One that was issued and taken back within one transaction begins where it ended.
create or replace function refuse_unknown_redemption_moves() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        if new.state <> 'reserved' and not (new.automatic and new.state in ('confirmed', 'reversed')) then
            raise exception 'redemption % begins as %', new.redemption_id, new.state
                using errcode = 'check_violation', constraint = 'redemptions_begin_reserved';
        end if;
    elsif not exists (select from redemption_moves where from_state = old.state and to_state = new.state) then
        raise exception 'redemption % goes from % to %', new.redemption_id, old.state, new.state
            using errcode = 'check_violation', constraint = 'redemptions_move_known';
    end if;
    return null;
end $$;

-- What a redemption is never changes; only how far it is, and that an automatic one gets its code, once.
create or replace function refuse_rewriting_redemptions() returns trigger language plpgsql as $$
declare
    changing text[] := '{state,held_until,updated_at}';
begin
    if tg_op = 'UPDATE' then
        if old.automatic and old.code is null then
            changing := changing || 'code'::text;
        end if;
        if to_jsonb(old) - changing = to_jsonb(new) - changing then
            return new;
        end if;
    end if;
    raise exception 'redemptions keep what they are: % refused', tg_op using errcode = 'HW001';
end $$;
