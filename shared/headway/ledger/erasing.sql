-- name: accounts_of_name
-- The account of the name $1, and those of the friends whom it referred. Before any lock: look again under locks.
select account_id from accounts where member_id = $1
union
select account_id from inputs
where kind in ('referral.created', 'referral.completed') and data ->> 'referrer_id' = $1
order by account_id

-- name: say_what_goes
-- For this transaction: which name (a JSON text) goes, and what stands in its place.
select set_config('headway.erased_name', $1, true), set_config('headway.erased_as', $2, true)

-- name: rename_account
update accounts set member_id = $2 where account_id = $1

-- name: rename_inputs
-- $2: the salt. Of the account $1 and of those who name it.
update inputs
set data = renamed(data::text, current_setting('headway.erased_name'), current_setting('headway.erased_as'))::json,
    digest = blinded(digest, $2)
where account_id = $1
   or kind in ('referral.created', 'referral.completed') and data ->> 'referrer_id' = $3

-- name: rename_referrer
-- In what the friends' accounts keep of their referral.
update accounts
set state = jsonb_set(state::jsonb, '{referral,1}', to_jsonb($3::text))::json
where account_id = any($1::bigint[]) and state #>> '{referral,1}' = $2

-- name: blind_keys
-- The business keys' digests: equal to those of the inputs that hold them, also from now on.
with
_orders as (
    update orders set digest = blinded(digest, $2) where account_id = $1 and not is_blinded(digest)
),
_refunds as (
    update refunds set digest = blinded(digest, $2) where account_id = $1 and not is_blinded(digest)
)
update reviews set digest = blinded(digest, $2) where account_id = $1 and not is_blinded(digest)

-- name: rename_answers
-- $1 and $2: the end of a field's name, with the member's name before and from now on. What was asked is not known any more.
update idempotency_keys
set answer = replace(answer::text, $1, $2)::json, digest = blinded(digest, $3)
where strpos(answer::text, $1) > 0

-- name: empty_letters
-- $1: the name as the key of Kafka's records, or as the subject that a binary CloudEvent names in its headers; $3: a pattern
-- for it in a body. Bytes are searched as they are: they may be no text. What was said of the error may quote the body.
update dead_letters set key = $2::bytea, value = null, headers = '[]', message = ''
where key = $1 or encode(value, 'escape') ~ $3 or exists (
    select from json_array_elements(headers) as h (header)
    where lower(h.header->>0) = 'ce_subject' and h.header->>1 = translate(encode($1, 'base64'), E'\n', ''))

-- name: drop_unused
-- Accounts of this transaction that nothing was decided on.
delete from accounts where member_id = any($1::text[]) and inputs = 0

-- name: note_erasure
insert into erasures (account_id, version, head_hash, reason, by_person, by_key) values ($1, $2, $3, $4, $5, $6)
