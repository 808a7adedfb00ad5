-- Who may use the API, and who did what with it.

-- An API key. Its secret is kept nowhere: only the SHA-256 of the whole key.
create table api_keys (
    key_id             text        not null constraint api_keys_pkey primary key,
    name               text        not null,
    scopes             text[]      not null,
    digest             bytea       not null,
    previous_digest    bytea,                               -- the key before the last rotation,
    previous_ends_at   timestamptz,                         -- which goes on until then
    created_at         timestamptz not null default clock_timestamp(),
    expires_at         timestamptz,                         -- null: never
    rotated_at         timestamptz,
    revoked_at         timestamptz,
    constraint api_keys_id_form check (key_id ~ '^[0-9a-f]{12}$'),
    constraint api_keys_name_length check (length(name) between 1 and 100),
    constraint api_keys_scopes_some check (cardinality(scopes) > 0),
    constraint api_keys_digest_length check (length(digest) = 32),
    constraint api_keys_previous_digest_length check (length(previous_digest) = 32),
    constraint api_keys_previous_ends check ((previous_digest is null) = (previous_ends_at is null)),
    constraint api_keys_previous_differs check (previous_digest <> digest),
    constraint api_keys_expiry_ahead check (expires_at > created_at)
);

-- A key may be rotated until it is revoked; what it is called and may do never changes, so that the audit log stays true.
create function refuse_rewriting_keys() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' and old.revoked_at is null
       and row(old.key_id, old.name, old.scopes, old.created_at, old.expires_at)
           is not distinct from row(new.key_id, new.name, new.scopes, new.created_at, new.expires_at) then
        return new;
    end if;
    raise exception 'an API key can only be rotated, and revoked for good: % refused', tg_op using errcode = 'HW001';
end $$;
create trigger api_keys_steps before update or delete on api_keys
    for each row execute function refuse_rewriting_keys();
create trigger api_keys_no_truncate before truncate on api_keys
    for each statement execute function refuse_rewriting_history();

-- Who did what, on what, when. Written in the transaction of the act; no personal data.
create table audit_log (
    entry              bigint      generated always as identity constraint audit_log_pkey primary key,
    recorded_at        timestamptz not null default clock_timestamp(),
    actor_kind         text        not null,
    actor              text        not null,                -- an API key's id, or who ran the command line
    act                text        not null,                -- 'key.revoke'
    target             text        not null,                -- what it was done to: an opaque id
    request_id         text        not null default '',     -- X-Request-Id of the request; '' on the command line
    outcome            text        not null,
    detail             json        not null default '{}',
    constraint audit_log_actor_known check (actor_kind in ('key', 'operator')),
    constraint audit_log_actor_named check (length(actor) between 1 and 128),
    constraint audit_log_act_form check (act ~ '^[a-z_-]+(\.[a-z_-]+)+$'),
    constraint audit_log_outcome_known check (outcome in ('done', 'refused'))
);
create index audit_log_by_target on audit_log (target, entry);
create trigger audit_log_append_only before update or delete on audit_log
    for each row execute function refuse_rewriting_history();
create trigger audit_log_no_truncate before truncate on audit_log
    for each statement execute function refuse_rewriting_history();
