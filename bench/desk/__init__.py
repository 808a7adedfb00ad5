"""How many rewards a minute the redeem service hands out, beside pgbench on the same statements."""
