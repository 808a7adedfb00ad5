"""Notify: turns balance changes into progress emails, each decided once."""
