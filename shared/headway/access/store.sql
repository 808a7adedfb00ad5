-- name: insert_key
insert into api_keys (key_id, name, scopes, digest, expires_at)
values ($1, $2, $3, $4, clock_timestamp() + $5::interval)
returning key_id, name, scopes, digest, previous_digest, previous_ends_at, created_at, expires_at, rotated_at, revoked_at

-- name: lock_key
select key_id, name, scopes, digest, previous_digest, previous_ends_at, created_at, expires_at, rotated_at, revoked_at,
       clock_timestamp() as now
from api_keys
where key_id = $1
for no key update

-- name: rotate_key
-- The key that was good until now goes on for the grace; one still in its own grace ends.
update api_keys
set previous_digest = digest, previous_ends_at = clock_timestamp() + $3::interval, digest = $2,
    rotated_at = clock_timestamp()
where key_id = $1
returning key_id, name, scopes, digest, previous_digest, previous_ends_at, created_at, expires_at, rotated_at, revoked_at

-- name: revoke_key
update api_keys set revoked_at = clock_timestamp() where key_id = $1

-- name: all_keys
select key_id, name, scopes, digest, previous_digest, previous_ends_at, created_at, expires_at, rotated_at, revoked_at
from api_keys
order by created_at, key_id

-- name: live_keys
select key_id, name, scopes, digest, previous_digest, previous_ends_at, created_at, expires_at, rotated_at, revoked_at
from api_keys
where revoked_at is null and (expires_at is null or expires_at > clock_timestamp())

-- name: live_key
select key_id, name, scopes, digest, previous_digest, previous_ends_at, created_at, expires_at, rotated_at, revoked_at
from api_keys
where key_id = $1 and revoked_at is null and (expires_at is null or expires_at > clock_timestamp())
