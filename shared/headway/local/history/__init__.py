"""A shop's past as source events: real purchases, and what is derived from them, labelled so.

The purchases are CDNOW's (Fader and Hardie), or a CSV file of the reader's own. Reviews,
referrals, refunds, joins and contacts of the CDNOW history are made up from a seed, and say so in
their `source`.
"""

from headway.local.history.build import History, cdnow_history, closing_event, file_history

__all__ = ["History", "cdnow_history", "closing_event", "file_history"]
