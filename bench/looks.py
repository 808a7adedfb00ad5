"""`python -m bench.looks`: what does rendering a message cost beside bare Jinja2?

Both render the text and the HTML of the same messages from the same compiled templates. The bare
side is a plain environment that finds every number, sum and date already in words; ours starts
from frozen facts, chooses the language, formats, draws the bar, and renders in the sandbox.
"""

import json
import sys
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import click
from jinja2 import DictLoader, Environment, Template
from rich.console import Console
from rich.table import Table

from headway.program.messages import KINDS, Kind
from headway_notify.compiling import assemble, html
from headway_notify.facts import Facts
from headway_notify.messaging import Message
from headway_notify.mime import NO_LINKS
from headway_notify.reader import Reader
from headway_notify.render import render
from headway_notify.samples import TRIED_WITH, sample, sample_facts
from headway_notify.template_set import Templates, built_in_templates
from headway_notify.values import values

RESULTS = Path(__file__).parent / "results" / "looks.json"
CONSOLE = Console()
GOAL = 0.5
DAY = date(2026, 3, 3)
LOCALES = ("en-US", "de-DE", "fr-FR", "es-ES", "ja-JP")

Values = dict[str, Any]


class Bare(NamedTuple):
    """The same templates in an environment without sandbox or strictness."""

    text: Template
    html: Template


def bare(templates: Templates, kind: Kind) -> Bare:
    """Compiled once, as ours are."""
    texts = {
        name.removeprefix("templates/"): source.text for name, source in templates.sources.items()
    }
    plain = Environment(loader=DictLoader(texts), autoescape=False)
    escaping = Environment(autoescape=True)
    compiled = html(assemble(templates.sources, kind), templates.sources)
    return Bare(plain.get_template(f"{kind}.txt"), escaping.from_string(compiled))


def messages(kind: Kind, count: int) -> list[Message]:
    """Members who all have something else, on days of a year."""
    made = []
    for number in range(count):
        day = DAY + timedelta(days=number % 365)
        facts = sample_facts(TRIED_WITH, day).model_dump() | {
            "available": 100 + number % 97,
            "pending": number * 7 % 1000,
            "saved": {"USD": 500 * (number % 40)},
            "next_reward": {"id": "ten", "points": 200, "missing": 100 - number % 97},
        }
        made.append(sample(TRIED_WITH, kind, day, facts=Facts.model_validate(facts)))
    return made


def in_words(message: Message, reader: Reader, templates: Templates) -> Values:
    """The values of a message with everything that takes thought done beforehand."""
    wording = templates.wording(reader, TRIED_WITH.zone)
    found = values(message, TRIED_WITH, reader, NO_LINKS, wording)
    made = render(message, TRIED_WITH, reader, NO_LINKS)
    found["subject"], found["preheader"] = made.subject, made.preheader
    for name in ("points", "number", "unit"):
        found[name] = _remembered(found[name])
    return found


def _remembered(formatted: Callable[[int], str]) -> Callable[[int], str]:
    """Each number as a look-up, once `bare` has been rendered for the first time."""
    known: dict[int, str] = {}

    def look_up(value: int) -> str:
        if value not in known:
            known[value] = formatted(value)
        return known[value]

    return look_up


def measure(kind: Kind, count: int, rounds: int) -> dict[str, float]:
    """Microseconds a message of either side, and the median of their ratios within a round."""
    templates, told = built_in_templates(), messages(kind, count)
    readers = [Reader(f"Member {n}", LOCALES[n % len(LOCALES)]) for n in range(count)]
    plain = bare(templates, kind)
    prepared = [in_words(*pair, templates) for pair in zip(told, readers, strict=True)]

    def ours() -> list[str]:
        return [
            render(message, TRIED_WITH, reader, NO_LINKS).html
            for message, reader in zip(told, readers, strict=True)
        ]

    def theirs() -> list[str]:
        found = []
        for words in prepared:
            plain.text.render(words)
            found.append(plain.html.render(words))
        return found

    if ours() != theirs():
        raise RuntimeError(f"{kind}: the two sides do not render the same")
    took: dict[str, list[float]] = {"ours": [], "bare": []}
    for number in range(rounds):
        # Turned about, so that neither always runs after the other.
        for name, side in (("ours", ours), ("bare", theirs))[:: 1 if number % 2 == 0 else -1]:
            started = time.process_time()
            side()
            took[name].append((time.process_time() - started) * 1e6 / count)
    ratio = median(b / a for a, b in zip(took["ours"], took["bare"], strict=True))
    return {
        "ours_us": round(median(took["ours"]), 1),
        "bare_us": round(median(took["bare"]), 1),
        "ratio": round(ratio, 3),
    }


@click.command()
@click.option("--messages", "count", default=1000, show_default=True, help="Of each kind.")
@click.option("--rounds", default=5, show_default=True, help="How often each side runs.")
@click.option("--check", is_flag=True, help="Exit 1 when the goal is missed.")
def main(count: int, rounds: int, check: bool) -> None:
    """Render every kind both ways, and keep the figures."""
    found = {kind: measure(kind, count, rounds) for kind in KINDS}
    least = min(found.values(), key=lambda figures: figures["ratio"])["ratio"]
    table = Table("kind", "bare Jinja2, us", "Headway, us", f"ratio (goal {GOAL})")
    for kind, figures in found.items():
        table.add_row(kind, *(f"{figures[name]:g}" for name in ("bare_us", "ours_us", "ratio")))
    CONSOLE.print(table)
    kept = {"kinds": found, "least": least, "messages": count, "rounds": rounds}
    RESULTS.write_text(json.dumps(kept, indent=2) + "\n")
    if check and least < GOAL:
        sys.exit(1)


if __name__ == "__main__":
    main()
