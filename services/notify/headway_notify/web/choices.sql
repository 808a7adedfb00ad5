-- What members choose on the page, or by one click in their mail program.

-- name: visitor
select n.id, n.member_id, n.kind, k.wrapped, c.sealed, c.address_digest,
       array(select p.topic from notify.preferences p
             where p.member_id = n.member_id and not p.wanted) as unwanted,
       exists (select from notify.suppressions s
               where s.address_digest = c.address_digest and s.reason = 'unsubscribed_all') as none_at_all
from notify.notifications n
join notify.member_keys k using (member_id)
join notify.contacts c using (member_id)
where n.id = $1

-- name: choose
insert into notify.preferences as p (member_id, topic, wanted, how)
select $1, t.topic, t.wanted, $4 from unnest($2::text[], $3::boolean[]) as t (topic, wanted)
on conflict on constraint preferences_pkey do update
set wanted = excluded.wanted, how = excluded.how, changed_at = clock_timestamp()
where p.wanted is distinct from excluded.wanted

-- name: nothing_more
insert into notify.suppressions (address_digest, reason) values ($1, 'unsubscribed_all')
on conflict on constraint suppressions_pkey do nothing

-- name: something_again
delete from notify.suppressions where address_digest = $1 and reason = 'unsubscribed_all'
