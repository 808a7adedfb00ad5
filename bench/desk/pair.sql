-- Reserve + confirm as pgbench runs it: the ledger's own statements, in the order in which redeem executes them.
-- `@ name` stands for the statement of that name, with what follows in place of its $1, $2 ...; names that start with
-- sample_ are texts of a real redemption, so that rows have its sizes; `:none` is an empty array. Everything else is
-- pgbench's own language.

\set member random(0, :members - 1)
\set redemption random(1, 9000000000000000)
begin;
@ take_key
$1 'reserve-' || lpad(:redemption, 16, '0')
$2 '2000'
@ read_answer
$1 'reserve-' || lpad(:redemption, 16, '0')
@ lock_accounts
$1 array['member-' || lpad(:member, 7, '0')]
\gset a_
@ read_known
$1 array['headway/redeem']
$2 array['reserve-' || lpad(:redemption, 16, '0')]
$3 array[:a_account_id::bigint]
$4 ''
$5..$7 :none
\gset k_
@ read_lots
$1 array[:a_account_id::bigint]
$2..$10 :none
$11 false
\gset l_
@ write_batch
$1 array[row('headway/redeem', 'reserve-' || lpad(:redemption, 16, '0'), :a_account_id, :a_inputs::bigint + 1, 'redemption.reserve', :k_now, :k_now, :sample_reserve_body, sha256(:a_head_hash::bytea), 'applied', '')::inputs]
$2..$5 :none
$6 array[row(:a_account_id, :a_seq::bigint + 1, 'reserve', 100, 'available', 'reserved', :l_lot, null, 'rdm_' || lpad(:redemption, 24, '0'), :a_inputs::bigint + 1, null, null, null, 1, 0, null, null, :k_now, null, null, :k_now, :a_head_hash, sha256(:a_head_hash::bytea))::points_event_in]
$7..$8 :none
$9 array[row(:a_account_id, :l_lot, :l_points, :l_pending, :l_available::bigint - 100, :l_reserved::bigint + 100, :l_expired, :l_waived, :l_exact, :l_exact_returned, :l_rule, :l_award, :l_line_id, :l_program_version, :l_earned_at, :l_activates_at, :l_expires_at)::lots]
$10..$19 :none
$20 array[row(:a_account_id, :a_pending, :a_available::bigint - 100, :a_reserved::bigint + 100, :a_owed, :a_seq::bigint + 1, :a_inputs::bigint + 1, :a_tier_seq, :a_version::bigint + 1, :k_now, :a_joined_at, null, :a_tier, :a_next_due_at, :a_state, sha256(:a_head_hash::bytea), :k_now)::account_in]
$21..$22 :none
$23 array[row(:a_account_id::bigint % 16, :sample_topic, convert_to(:a_member_id, 'UTF8'), convert_to(:sample_reserve_message, 'UTF8'), :sample_headers)::outbox_in]
$24..$27 :none
@ open_redemption
$1 'rdm_' || lpad(:redemption, 24, '0')
$2 :a_account_id
$3 'plain'
$4 '$5 off'
$5 100
$6 500
$7 'USD'
$8 1
$9 'reserved'
$10 :k_now
$11 :k_now::timestamptz + interval '900 s'
$12 :k_now
$13 'money_off'
$14 0
$15 false
$16 null
$17 false
$18 null
$19 null
@ keep_answer
$1 'reserve-' || lpad(:redemption, 16, '0')
$2 sha256(:a_head_hash::bytea)
$3 201
$4 :sample_reserve_answer
commit;

begin;
@ take_key
$1 'confirm-' || lpad(:redemption, 16, '0')
$2 '2000'
@ read_answer
$1 'confirm-' || lpad(:redemption, 16, '0')
@ holder_of
$1 'rdm_' || lpad(:redemption, 24, '0')
\gset h_
@ lock_accounts_by_id
$1 array[:h_account_id::bigint]
\gset a_
@ read_redemptions
$1 array['rdm_' || lpad(:redemption, 24, '0')]
\gset r_
@ read_known
$1 array['headway/redeem']
$2 array['confirm-' || lpad(:redemption, 16, '0')]
$3 array[:a_account_id::bigint]
$4 ''
$5..$7 :none
\gset k_
@ read_lots
$1 array[:a_account_id::bigint]
$2..$10 :none
$11 false
\gset l_
@ write_batch
$1 array[row('headway/redeem', 'confirm-' || lpad(:redemption, 16, '0'), :a_account_id, :a_inputs::bigint + 1, 'redemption.confirm', :k_now, :k_now, :sample_confirm_body, sha256(:a_head_hash::bytea), 'applied', '')::inputs]
$2..$5 :none
$6 array[row(:a_account_id, :a_seq::bigint + 1, 'redeem', :r_points, 'reserved', 'redeemed', :l_lot, null, :r_redemption_id, :a_inputs::bigint + 1, null, null, null, 1, 0, null, null, :k_now, null, null, :k_now, :a_head_hash, sha256(:a_head_hash::bytea))::points_event_in]
$7..$8 :none
$9 array[row(:a_account_id, :l_lot, :l_points, :l_pending, :l_available, :l_reserved::bigint - :r_points::bigint, :l_expired, :l_waived, :l_exact, :l_exact_returned, :l_rule, :l_award, :l_line_id, :l_program_version, :l_earned_at, :l_activates_at, :l_expires_at)::lots]
$10..$19 :none
$20 array[row(:a_account_id, :a_pending, :a_available, :a_reserved::bigint - :r_points::bigint, :a_owed, :a_seq::bigint + 1, :a_inputs::bigint + 1, :a_tier_seq, :a_version::bigint + 1, :k_now, :a_joined_at, null, :a_tier, :a_next_due_at, :sample_state, sha256(:a_head_hash::bytea), :k_now)::account_in]
$21..$22 :none
$23 array[row(:a_account_id::bigint % 16, :sample_topic, convert_to(:a_member_id, 'UTF8'), convert_to(:sample_confirm_message, 'UTF8'), :sample_headers)::outbox_in]
$24..$27 :none
@ move_redemption
$1 :r_redemption_id
$2 'confirmed'
$3 :k_now
$4 0
$5 0
@ keep_answer
$1 'confirm-' || lpad(:redemption, 16, '0')
$2 sha256(:a_head_hash::bytea)
$3 200
$4 :sample_confirm_answer
commit;
