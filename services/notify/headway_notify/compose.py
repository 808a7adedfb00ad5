"""From a claimed mail to the message that is sent: frozen facts, programme, sender."""

from datetime import UTC, datetime

from headway.sealing.vault import Contact
from headway_notify.facts import Facts
from headway_notify.mime import Sender, message
from headway_notify.programmes import Programmes
from headway_notify.render import render
from headway_notify.store import Claimed


class Composer:
    """Words and wraps mails of one sender."""

    def __init__(self, programmes: Programmes, sender: Sender) -> None:
        self._programmes = programmes
        self.sender = sender

    async def compose(self, mail: Claimed, contact: Contact, recipient: str) -> bytes:
        """The message to hand over. Raises Retryable while its programme cannot be read."""
        facts = Facts.model_validate_json(mail.facts)
        await self._programmes.need({facts.program_version})
        program = self._programmes.version(facts.program_version)
        return message(
            render(facts, program, name=contact.name, day=mail.day),
            facts,
            sender=self.sender,
            to_name=contact.name,
            to_address=recipient,
            member_id=mail.member_id,
            day=mail.day,
            now=datetime.now(UTC),
        )
