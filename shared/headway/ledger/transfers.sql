-- name: sent_since
select coalesce(sum(points), 0)::bigint from transfers where from_account = $1 and sent_at >= $2

-- name: note_transfer
insert into transfers (transfer_id, from_account, to_account, points, sent_at, n) values ($1, $2, $3, $4, $5, $6)

-- name: homes_of
-- Of the lots $2 of account $1, those whose points were once account $3's, through however many hands they went.
with recursive came as (
    select l.lot, e.origin_account, e.origin_seq
    from unnest($2::bigint[]) as l(lot)
    join points_events e on e.account_id = $1 and e.seq = l.lot and e.kind = 'move_in'
    union all
    select c.lot, i.origin_account, i.origin_seq
    from came c
    join points_events o on o.account_id = c.origin_account and o.seq = c.origin_seq
    join points_events i on i.account_id = o.account_id and i.seq = o.lot and i.kind = 'move_in'
    where c.origin_account <> $3
)
select c.lot, o.lot as home
from came c
join points_events o on o.account_id = c.origin_account and o.seq = c.origin_seq
where c.origin_account = $3
