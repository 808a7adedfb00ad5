"""A made-up year of a shop in which everything happens: for end-to-end tests.

`build.year` gives source events in the order in which they are sent: some late, some returned,
some repeated, by a seed. `programme.yaml` beside it awards points in every way there is.
"""
