"""From a claimed mail to the message that is sent: frozen facts, programme, sender."""

from datetime import UTC, datetime

from headway_notify.details import Detail
from headway_notify.facts import Facts
from headway_notify.messaging import Message
from headway_notify.mime import NO_LINKS, Sender, message
from headway_notify.programmes import Programmes
from headway_notify.reader import Reader
from headway_notify.render import render
from headway_notify.store import Claimed
from headway_notify.template_set import Templates


class Composer:
    """Words and wraps mails of one sender."""

    def __init__(
        self, programmes: Programmes, sender: Sender, templates: Templates | None = None
    ) -> None:
        self._programmes = programmes
        self._templates = templates
        self.sender = sender

    async def compose(self, mail: Claimed, recipient: str) -> bytes:
        """The message to hand over. Raises Retryable while its programme cannot be read."""
        facts = Facts.model_validate_json(mail.facts)
        await self._programmes.need({facts.program_version})
        program = self._programmes.version(facts.program_version)
        told = Message(mail.member_id, "progress", mail.day.isoformat(), mail.day, facts, Detail())
        return message(
            render(told, program, Reader(mail.name), NO_LINKS, self._templates),
            told,
            sender=self.sender,
            to_name=mail.name,
            to_address=recipient,
            now=datetime.now(UTC),
        )
