"""The statements of the hand-written sides."""

from headway.ledger.queries import load

YARDSTICK = load("bench", "yardstick.sql")
FLOOR = load("bench", "floor.sql")
TIMING = load("bench", "timing.sql")
