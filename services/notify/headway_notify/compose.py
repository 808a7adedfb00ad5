"""From a claimed mail to the message that is sent: frozen facts, programme, reader, sender."""

from collections.abc import Callable
from datetime import UTC, datetime

from headway.sealing.vault import Contact, Vault
from headway_notify.details import DETAILS
from headway_notify.facts import Facts
from headway_notify.links import links_of
from headway_notify.messaging import Message
from headway_notify.mime import Sender, message
from headway_notify.programmes import Programmes
from headway_notify.reader import Reader
from headway_notify.render import render
from headway_notify.store import Claimed
from headway_notify.template_set import Templates


class Composer:
    """Words and wraps mails of one sender. `public_url`: where its links lead; '' for none."""

    def __init__(
        self, programmes: Programmes, vault: Callable[[], Vault], sender: Sender,
        *, public_url: str = "", templates: Templates | None = None,
    ) -> None:  # fmt: skip
        self._programmes = programmes
        self._vault = vault
        self._public_url = public_url
        self._templates = templates
        self.sender = sender

    async def compose(self, mail: Claimed, contact: Contact, recipient: str) -> bytes:
        """The message to hand over. Raises Retryable while its programme cannot be read."""
        facts = Facts.model_validate_json(mail.facts)
        await self._programmes.need({facts.program_version})
        program = self._programmes.version(facts.program_version)
        detail = DETAILS[mail.kind].model_validate_json(mail.detail)
        told = Message(mail.member_id, mail.kind, mail.cause, mail.day, facts, detail)
        reader = Reader(contact.name, contact.locale, contact.zone)
        links = links_of(self._vault(), self._public_url, mail.id, mail.member_id, mail.wrapped)
        return message(
            render(told, program, reader, links, self._templates),
            told,
            sender=self.sender,
            to_name=contact.name,
            to_address=recipient,
            now=datetime.now(UTC),
            links=links,
        )
