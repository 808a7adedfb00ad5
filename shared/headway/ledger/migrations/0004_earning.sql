-- What late inputs, orders handed over and long lives of points need.

alter table orders add column fulfilled_at timestamptz;    -- handed over: frees points that waited for it

-- What is due of an account with thousands of lots is found without reading the others.
create index lots_pending on lots (account_id, activates_at) where pending > 0;
create index lots_expired on lots (account_id, expires_at) where expired > 0;
create index lots_expiring on lots (account_id, expires_at) where available > 0 and expires_at is not null;
