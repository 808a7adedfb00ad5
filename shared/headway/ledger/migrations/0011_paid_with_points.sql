-- Orders paid with points: which redemption pays which order, and how much of it a return has brought back.

alter table redemptions
    add column order_id text,                              -- the order it pays
    add column restored_points bigint not null default 0,  -- how many of its points have come back
    add column restored_minor bigint not null default 0;   -- how much of its value is not saved any more for that

-- What a redemption is never changes; only how far it is, how much of it has come back, and that an automatic one gets
-- its code, once.
create or replace function refuse_rewriting_redemptions() returns trigger language plpgsql as $$
declare
    how_far text[] := '{state,held_until,updated_at,restored_points,restored_minor}';
begin
    if tg_op = 'UPDATE' then
        if old.automatic and old.code is null then
            how_far := how_far || 'code'::text;
        end if;
        if to_jsonb(old) - how_far = to_jsonb(new) - how_far then
            return new;
        end if;
    end if;
    raise exception 'redemptions keep what they are: % refused', tg_op using errcode = 'HW001';
end $$;

update redemptions set restored_points = points, restored_minor = value_minor where state = 'reversed';

alter table redemptions
    add constraint redemptions_order_paid check (
        order_id is null or kind in ('pay_with_points', 'money_off', 'percent_off')),
    add constraint redemptions_restored_in_bounds check (
        restored_points between 0 and points and restored_minor between 0 and value_minor),
    -- Of what was not given, or is undone, nothing comes back piece by piece.
    add constraint redemptions_restored_by_state check (
        case when state = 'reversed' then restored_points = points and restored_minor = value_minor
             when state in ('confirmed', 'fulfilled') then true
             else restored_points = 0 and restored_minor = 0 end);
create index redemptions_paying on redemptions (account_id) where order_id is not null;

-- From which lots a redemption's points were held, and from which they are taken now, in the order held. Lot 0 stands
-- for what was owed when a return turned out not to have been; it comes back as a lot of its own.
create view redemption_lots as
select account_id, redemption_id, lot, sum(held)::bigint as held, sum(taken)::bigint as taken, min(seq) as first
from (select account_id, "group" as redemption_id, seq,
             case when kind = 'restore' and lot = seq then 0 else coalesce(lot, 0) end as lot,
             case kind when 'reserve' then points else 0 end as held,
             case when kind in ('redeem', 'donate') then points when kind = 'restore' then -points else 0 end as taken
      from points_events
      where "group" is not null and kind in ('reserve', 'redeem', 'donate', 'restore')) moved
group by account_id, redemption_id, lot;

-- What of a line was paid with points, and its whole amount: `amount` is only what of it can earn.
alter table order_lines
    add column paid_with_points bigint not null default 0 constraint order_lines_paid_not_negative check (paid_with_points >= 0),
    add column full_amount bigint not null default 0 constraint order_lines_full_amount_not_negative check (full_amount >= 0);
update order_lines l
   set paid_with_points = coalesce((t.line ->> 'paid_with_points')::bigint, 0), full_amount = (t.line ->> 'amount')::bigint
from (select distinct on (o.account_id, o.order_id, line ->> 'line_id') o.account_id, o.order_id, line
        from orders o
        join inputs i on i.account_id = o.account_id and i.digest = o.digest and i.kind = 'order.paid'
        cross join lateral json_array_elements(i.data -> 'lines') as line
       where i.data ->> 'order_id' = o.order_id) t
where l.account_id = t.account_id and l.order_id = t.order_id and l.line_id = t.line ->> 'line_id';

-- The shape in which payments arrive that a return, or one that never was, has changed.
create type payment_in as (redemption_id text, restored_points bigint, restored_minor bigint, updated_at timestamptz);
