-- Suppressions by hand.

-- name: suppress
insert into notify.suppressions (address_digest, reason) values ($1, 'manual')
on conflict on constraint suppressions_pkey do nothing

-- name: lift
with lifted as (
    delete from notify.suppressions where address_digest = $1 returning reason, since
), bounces as (
    delete from notify.soft_bounces where address_digest = $1
)
select reason from lifted order by since
