"""What the three Headway services share: contracts, programme, domain, ledger and hosts."""
