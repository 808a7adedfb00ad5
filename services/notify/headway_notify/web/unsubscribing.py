"""The page on which members choose what they hear of; and one click of a mail program.

Looking changes nothing, for link scanners look too: only POST acts (RFC 8058). No cookie, no
script and no log-in: the link is what lets in.
"""

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from headway.program.messages import TOPICS
from headway.runtime.requests import note
from headway_notify import metrics
from headway_notify.web.bodies import Form, form_of
from headway_notify.web.choices import Choices, Visitor
from headway_notify.web.page import HEADERS, choices_page, gone_page
from headway_notify.web.words import words_for

_MOST_BYTES = 16_384
ONE_CLICK = ("List-Unsubscribe", "One-Click")


class Unsubscribing:
    """Answers /u/{token}."""

    def __init__(self, choices: Choices, sender: str) -> None:
        self._choices = choices
        self._sender = sender

    async def show(self, request: Request) -> Response:
        """The page; nothing is changed."""
        visitor = await self._choices.visitor(request.path_params["token"])
        if visitor is None:
            return self._gone(request)
        page = choices_page(words_for(visitor.locale), visitor, self._sender)
        return HTMLResponse(page, headers=HEADERS)

    async def act(self, request: Request) -> Response:
        """What the member, or their mail program, asked for."""
        form = await form_of(request, _MOST_BYTES)
        visitor = await self._choices.visitor(request.path_params["token"])
        if visitor is None:
            return self._gone(request)
        if ONE_CLICK in form:
            await self._choices.stop(visitor, "one_click")
            _count("one_click")
            return PlainTextResponse("Unsubscribed.", headers=HEADERS)
        return await self._chosen(visitor, form)

    async def _chosen(self, visitor: Visitor, form: Form) -> Response:
        words = words_for(visitor.locale)
        if ("do", "stop") in form:
            await self._choices.stop(visitor, "page")
            _count("stop")
            visitor = visitor._replace(wanted=visitor.wanted - {visitor.topic})
            said = words.stopped.format(topic=words.topics[visitor.topic])
        elif ("do", "choose") in form:
            none = ("none", "yes") in form
            wanted = frozenset(t for t in TOPICS if ("topic", t) in form and not none)
            await self._choices.choose(visitor, wanted, none=none)
            _count("choose")
            visitor, said = visitor._replace(wanted=wanted, none_at_all=none), words.saved
        else:
            page = choices_page(words, visitor, self._sender, words.unclear)
            return HTMLResponse(page, status_code=400, headers=HEADERS)
        return HTMLResponse(choices_page(words, visitor, self._sender, said), headers=HEADERS)

    def _gone(self, request: Request) -> Response:
        language = request.headers.get("accept-language", "").partition(",")[0].partition(";")[0]
        page = gone_page(words_for(language.strip()), self._sender)
        note(outcome="no such link")
        return HTMLResponse(page, status_code=404, headers=HEADERS)


def _count(way: str) -> None:
    metrics.CHOICES.labels(way).inc()
    note(outcome=way)
