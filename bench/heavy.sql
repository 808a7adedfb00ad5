-- What the heavy bench asks of its ledger.

-- name: facts
select a.inputs, count(l) filter (where l.pending > 0 or l.available > 0) as open_lots, a.tier,
       length(a.state::text) as state_bytes
from accounts a join lots l using (account_id)
where a.member_id = $1
group by a.account_id
