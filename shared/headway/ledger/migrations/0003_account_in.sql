-- The shape in which accounts arrive, in the order of the domain's own account.

drop type account_in;
create type account_in as (
    account_id bigint, pending bigint, available bigint, reserved bigint, owed bigint, seq bigint, inputs bigint,
    tier_seq bigint, version bigint, account_time timestamptz, joined_at timestamptz, left_at timestamptz, tier text,
    next_due_at timestamptz, state json, head_hash bytea, recorded_at timestamptz);
