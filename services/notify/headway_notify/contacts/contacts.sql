-- Contacts, their keys, and what is kept beside them. What is sealed is opened in memory alone.

-- name: new_keys
-- A key that another process made in the meantime stays.
insert into notify.member_keys (member_id, wrapped)
select * from unnest($1::text[], $2::bytea[])
on conflict on constraint member_keys_pkey do nothing

-- name: keys
select member_id, wrapped from notify.member_keys where member_id = any($1::text[])

-- name: write
-- A sender that does not say whether the member agreed to marketing changes nothing in that.
insert into notify.contacts as c (member_id, sealed, address_digest, marketing)
select * from unnest($1::text[], $2::bytea[], $3::bytea[], $4::boolean[])
on conflict on constraint contacts_pkey do update
set sealed = excluded.sealed, address_digest = excluded.address_digest,
    marketing = coalesce(excluded.marketing, c.marketing),
    email = null, name = null, locale = null

-- name: forget
-- The key goes, and with it whatever opens; what waits to be sent will not be. Suppressions stay
-- with the address's digest.
with keys as (
    delete from notify.member_keys where member_id = any($1::text[])
), balances as (
    delete from notify.balances where member_id = any($1::text[])
), movements as (
    delete from notify.movements where member_id = any($1::text[])
), preferences as (
    delete from notify.preferences where member_id = any($1::text[])
), notifications as (
    update notify.notifications
    set state = 'skipped', reply = 'forgotten', next_attempt_at = null, ended_at = clock_timestamp()
    where member_id = any($1::text[])
      and (state in ('due', 'decided') or (state = 'unknown' and next_attempt_at is not null))
), handovers as (
    update notify.handovers h
    set state = 'skipped', reply = 'forgotten', next_attempt_at = null, ended_at = clock_timestamp()
    from notify.notifications n
    where n.id = h.notification and n.member_id = any($1::text[])
      and (h.state = 'decided' or (h.state = 'unknown' and h.next_attempt_at is not null))
), contacts as (
    delete from notify.contacts where member_id = any($1::text[]) returning address_digest
)
delete from notify.soft_bounces where address_digest in (select address_digest from contacts)

-- name: mark_forgotten
-- Whatever becomes of handovers, those in a sender's hands included, they do not go any more. After
-- `forget`, in its transaction: it waited for who was deciding on a member, whose handovers are seen now.
update notify.handovers h set forgotten = true
from notify.notifications n
where n.id = h.notification and n.member_id = any($1::text[]) and not h.forgotten

-- name: in_plain
select member_id, email, name, locale from notify.contacts
where sealed is null order by member_id limit $1 for update

-- name: addressees
select member_id, sealed, wrapped, marketing, suppressed, unwanted
from notify.addressees where member_id = any($1::text[])
