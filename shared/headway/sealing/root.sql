-- The installation's root key, wrapped.

-- name: read
select wrapped from notify.root_key

-- name: make
-- Two that start at once: one makes it, both read it.
insert into notify.root_key (wrapped) values ($1) on conflict do nothing

-- name: rewrap
update notify.root_key set wrapped = $2 where wrapped = $1
