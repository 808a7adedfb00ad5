-- A handover in a sender's hands when its member is forgotten comes back when the road fails, and must not go then. So it is
-- marked, whatever its state; a mark stays.
alter table notify.handovers add column forgotten boolean not null default false;

-- An end is an end, but for that mark.
drop trigger handovers_ended on notify.handovers;
create trigger handovers_ended before update on notify.handovers
    for each row when (
        old.state in ('sent', 'failed', 'skipped')
        and (old.forgotten or not new.forgotten or to_jsonb(old) - 'forgotten' <> to_jsonb(new) - 'forgotten'))
    execute function notify.refuse_impossible_step();
