"""The pure core: decides points, tiers and rewards from a programme and an account. No I/O."""
