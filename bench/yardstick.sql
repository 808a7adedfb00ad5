-- Tables and statements of the yardstick: the least that keeps the promises.

-- name: schema
create table accounts (
    account_id bigint generated always as identity primary key,
    member_id  text   not null unique,
    balance    bigint not null default 0,
    version    bigint not null default 0
) with (fillfactor = 60);
create table inputs (
    source        text        not null,
    id            text        not null,
    account_id    bigint      not null,
    business_time timestamptz not null,
    recorded_at   timestamptz not null,
    data          json        not null,
    digest        bytea       not null,
    primary key (source, id)
);
create table orders (
    order_id text  primary key,
    digest   bytea not null
);
create table entries (
    account_id    bigint      not null,
    version       bigint      not null,
    points        bigint      not null,
    balance       bigint      not null,
    source        text        not null,
    id            text        not null,
    primary key (account_id, version)
);
create table positions (
    consumer_group text   not null,
    topic          text   not null,
    partition      int    not null,
    next_offset    bigint not null,
    primary key (consumer_group, topic, partition)
) with (fillfactor = 50);
create table dead_letters (
    topic       text   not null,
    partition   int    not null,
    "offset"    bigint not null,
    value       bytea,
    message     text   not null,
    primary key (topic, partition, "offset")
);
create table outbox (
    id        bigint generated always as identity primary key,
    partition int   not null,
    key       bytea not null,
    value     bytea not null
) with (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0);

create type incoming as (
    source text, id text, member_id text, partition int, "offset" bigint, order_id text,
    points bigint, business_time timestamptz, data json, digest bytea
);

-- name: apply
-- One batch, whole: repeats fall to the key of inputs, orders that are known to theirs, and either
-- with other content than before is a dead letter. Accounts are locked in order before anything
-- is written, and the outbox rows of an account are numbered under its lock.
with batch as materialized (
    select * from unnest($1::incoming[]) with ordinality
        as b (source, id, member_id, partition, "offset", order_id, points, business_time, data, digest, at)
), locked as materialized (
    select account_id, member_id, balance, version from accounts
    where member_id = any ($2::text[]) order by account_id for update
), fresh as (
    -- a look-up each (limit): the planner would rather read all of orders, and below of inputs
    insert into inputs (source, id, account_id, business_time, recorded_at, data, digest)
    select b.source, b.id, l.account_id, b.business_time, now(), b.data, b.digest
    from batch b join locked l using (member_id)
    left join lateral (select digest from orders o where o.order_id = b.order_id limit 1) o on true
    where o.digest is null or o.digest = b.digest
    on conflict do nothing returning source, id
), bought as (
    insert into orders
    select b.order_id, b.digest from batch b join fresh f using (source, id)
    where b.order_id is not null
    on conflict do nothing returning order_id
), conflicting as (
    insert into dead_letters (topic, partition, "offset", value, message)
    select $4, b.partition, b."offset", convert_to(b.data::text, 'UTF8'), 'known with other content'
    from (select source, id from batch except all select source, id from fresh) stale
    join batch b using (source, id)
    left join lateral (
        select digest from inputs i where i.source = b.source and i.id = b.id limit 1
    ) i on true
    where i.digest is distinct from b.digest
    on conflict do nothing
), entry as materialized (
    select l.account_id, b.member_id, b.partition, b.points, b.source, b.id, b.business_time,
           l.version + row_number() over w as version, l.balance + sum(b.points) over w as balance
    from batch b join fresh f using (source, id) join bought using (order_id) join locked l using (member_id)
    window w as (partition by l.account_id order by b.at)
), entered as (
    insert into entries (account_id, version, points, balance, source, id)
    select account_id, version, points, balance, source, id from entry
), moved as (
    update accounts a set balance = a.balance + s.points, version = a.version + s.causes
    from (select account_id, sum(points) as points, count(*) as causes from entry
          group by account_id) s
    where a.account_id = s.account_id
), placed as (
    insert into positions (consumer_group, topic, partition, next_offset)
    select $3, $4, * from unnest($5::int[], $6::bigint[])
    on conflict (consumer_group, topic, partition) do update set next_offset = excluded.next_offset
), refused as (
    insert into dead_letters (topic, partition, "offset", value, message)
    select $4, * from unnest($7::int[], $8::bigint[], $9::bytea[], $10::text[])
    on conflict do nothing
)
insert into outbox (partition, key, value)
select partition, convert_to(member_id, 'UTF8'), convert_to(format(
    '{"specversion":"1.0","id":%1$s,"source":"bench/yardstick","type":"balance.changed.v1",'
    '"subject":%2$s,"time":%3$s,"datacontenttype":"application/json","data":{"member_id":%2$s,'
    '"epoch":1,"version":%4$s,"cause":{"source":%5$s,"id":%6$s,"kind":"event","time":%3$s},'
    '"seq_from":%4$s,"seq_to":%4$s,"account_time":%3$s,'
    '"head_hash":"0000000000000000000000000000000000000000000000000000000000000000",'
    '"pending":0,"available":%7$s,"reserved":0,"owed":0,"tier":"","saved":{},"joined_at":%3$s,'
    '"left_at":null,"program_version":1,"clawed_back":null,"rewards_ready":[],'
    '"next_reward":{"id":"five","points":100,"missing":100}}}',
    to_json(member_id || ':1:' || version), to_json(member_id), to_json(business_time),
    version, to_json(source), to_json(id), balance), 'UTF8')
from entry order by version

-- name: create_accounts
insert into accounts (member_id) select unnest($1::text[]) order by 1 on conflict do nothing

-- name: outbox_read
select id, partition, key, value from outbox order by id limit $1

-- name: outbox_delete
delete from outbox where id = any ($1::bigint[])

-- name: positions
select partition, next_offset from positions where consumer_group = $1 and topic = $2
