"""A shop's past as source events: real purchases, and what is derived from them, labelled so.

The purchases are CDNOW's (Fader and Hardie), or a CSV file of the reader's own. Reviews,
referrals, refunds, joins and contacts of the CDNOW history are made up from a seed, and say so in
their `source`; so is what else a programme rewards: activities, birthdays, paid memberships.
"""

from headway.local.history.build import History, cdnow_history, closing_event, file_history
from headway.local.history.wishes import Wishes, wishes_of

__all__ = [
    "History",
    "Wishes",
    "cdnow_history",
    "closing_event",
    "file_history",
    "wishes_of",
]
