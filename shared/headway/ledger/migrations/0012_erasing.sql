-- Erasing a member: the name goes from everything that names it, the ledger stays.

-- Whose name went, when, and who saw to it. `version` and `head_hash` are the last that were told
-- under the name; the name itself is kept nowhere.
create table erasures (
    account_id    bigint      not null constraint erasures_pkey primary key,
    erased_at     timestamptz not null default clock_timestamp(),
    version       bigint      not null,
    head_hash     bytea       not null,
    reason        text        not null constraint erasures_reason_length check (length(reason) between 1 and 256),
    by_person     text        not null,                    -- an opaque id
    by_key        text        not null,                    -- the API key it came with
    constraint erasures_person_named check (length(by_person) between 1 and 128)
);
create trigger erasures_append_only before update or delete on erasures
    for each row execute function refuse_rewriting_history();
create trigger erasures_no_truncate before truncate on erasures
    for each statement execute function refuse_rewriting_history();

-- A digest of what named an erased member. It is salted with what nobody keeps, so that no list of
-- names can be tried on it; equal ones are still equal. Eight zero bytes tell it from others.
create function blinded(digest bytea, salt bytea) returns bytea language sql immutable
    return '\x0000000000000000'::bytea || substr(sha256(salt || digest), 1, 24);
create function is_blinded(digest bytea) returns boolean language sql immutable
    return substr(digest, 1, 8) = '\x0000000000000000'::bytea;

-- The fields of an input's data that name a member. The names are JSON texts, quotes included.
create function renamed(data text, old_name text, new_name text) returns text language sql immutable
    return replace(replace(data, '"member_id":' || old_name, '"member_id":' || new_name),
                   '"referrer_id":' || old_name, '"referrer_id":' || new_name);

-- Beside a parked input becoming what it becomes, a name may go out of an input: that, and nothing
-- else of it, for a name of which the transaction says what it is called from now on.
create or replace function refuse_rewriting_inputs() returns trigger language plpgsql as $$
declare
    old_name text := current_setting('headway.erased_name', true);
    new_name text := current_setting('headway.erased_as', true);
begin
    if tg_op = 'UPDATE' and row(old.source, old.id, old.account_id, old.n, old.kind, old.business_time, old.recorded_at)
           is not distinct from
           row(new.source, new.id, new.account_id, new.n, new.kind, new.business_time, new.recorded_at) then
        if old.outcome = 'parked' and new.outcome <> 'parked' and old.digest = new.digest then
            return new;
        end if;
        if new_name like '"erased:%' and old_name not like '"erased:%' and is_blinded(new.digest)
           and row(old.outcome, old.reason) is not distinct from row(new.outcome, new.reason)
           and new.data::text = renamed(old.data::text, old_name, new_name) then
            return new;
        end if;
    end if;
    raise exception 'inputs is append-only: % refused', tg_op using errcode = 'HW001';
end $$;

-- Who was referred by a member: their inputs name the member, too.
create index inputs_by_referrer on inputs ((data ->> 'referrer_id'))
    where kind in ('referral.created', 'referral.completed');
