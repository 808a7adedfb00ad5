"""What can come of a call other than its answer."""

from headway.contracts.api.redemptions import Problem as Document


class Problem(Exception):
    """The API refused, for the reason in `document` (RFC 9457). Asking again changes nothing."""

    def __init__(self, document: Document) -> None:
        super().__init__(f"{document.status} {document.title}: {document.detail}")
        self.document = document

    @property
    def name(self) -> str:
        """The stable last part of its type, such as 'insufficient-points'; '' where it has none."""
        _, _, name = self.document.type.rpartition("/problems/")
        return name if "/problems/" in self.document.type else ""

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.document.status


class NoAnswer(Exception):
    """No answer came for as long as the client asks. A command may or may not have been done.

    The same call with `key` finds out, whenever it is made: what was done is not done again.
    """

    def __init__(self, what: str, key: str, why: str) -> None:
        under = f"; ask again with key={key!r}" if key else "; ask again"
        super().__init__(f"{what} was not answered: {why}{under}")
        self.key = key


class Unexpected(Exception):
    """An answer that is not the API's: something else answers at this address."""
