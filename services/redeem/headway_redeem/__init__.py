"""Redeem: the HTTP API by which checkout and apps read balances and spend points."""
