"""Templates of one's own: file by file, with a version, and tried before they are used."""

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from headway.errors import UserError
from headway.program.messages import KINDS
from headway_notify.checking import checked, chosen
from headway_notify.compiling import TemplateError
from headway_notify.mime import NO_LINKS
from headway_notify.reader import Reader
from headway_notify.render import Rendered, render
from headway_notify.samples import TRIED_WITH, sample
from headway_notify.sources import Source, built_in, export
from headway_notify.template_set import Templates, built_in_templates
from tests.notify.account import PROGRAM

DAY = date(2026, 3, 3)
Folder = Callable[..., Path]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """Writes files into a folder: name=text, with __ for / and _dot_ for a dot."""

    def write(**files: str) -> Path:
        for name, text in files.items():
            path = tmp_path / name.replace("__", "/").replace("_dot_", ".")
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, "utf-8")
        return tmp_path

    return write


def told(templates: Templates, kind: str = "progress", language: str = "en") -> Rendered:
    message = next(sample(PROGRAM, each, DAY) for each in KINDS if each == kind)
    return render(message, PROGRAM, Reader("Maria", language), NO_LINKS, templates)


def problems(folder: Path) -> list[str]:
    """What is told of a folder, its own path left out."""
    with pytest.raises(TemplateError) as caught:
        chosen(folder)
    return [str(problem).removeprefix(f"{folder}/") for problem in caught.value.problems]


def test_the_built_in_templates_have_no_mistake() -> None:
    checked(built_in(), TRIED_WITH)
    checked(built_in(), PROGRAM)


def test_a_file_takes_the_place_of_one_alone(folder: Folder) -> None:
    text = "Subject: Hi\nPreheader: {{ points(available) }}\n\nJust {{ name }}.\n"
    mine = chosen(folder(templates__progress_dot_txt=text))
    made = told(mine)
    assert (made.subject, made.preheader, made.text) == ("Hi", "150 points", "Just Maria.\n")
    assert "<title>Hi</title>" in made.html
    usual = told(built_in_templates(), "welcome")
    assert told(mine, "welcome") == usual


def test_a_part_changes_every_message_that_includes_it(folder: Folder) -> None:
    mine = chosen(folder(templates__foot_dot_mjml="<mj-text>Stride, 1 Shoe Street</mj-text>"))
    for kind in KINDS:
        assert "1 Shoe Street" in told(mine, kind).html


def test_a_catalogue_rewords_english_or_adds_a_language(folder: Folder) -> None:
    english = 'msgid "Next reward"\nmsgstr "What comes next"\n'
    italian = '#, python-format\nmsgid "%(amount)s point"\nmsgid_plural "%(amount)s points"\n' \
        'msgstr[0] "%(amount)s punto"\nmsgstr[1] "%(amount)s punti"\n'  # fmt: skip
    mine = chosen(folder(locale__en_dot_po=english, locale__it_dot_po=italian))
    assert "What comes next: 50 points to $10 off" in told(mine).text
    there = told(mine, language="it-IT")
    assert "150 punti" in there.text
    assert there.locale == "it-IT"
    assert "Next reward" in there.text


def test_the_version_follows_the_files_of_that_message_and_language(folder: Folder) -> None:
    def versions(templates: Templates) -> dict[str, str]:
        return {kind: templates.version(kind, "de") for kind in KINDS}

    before = versions(built_in_templates())
    assert len({re.sub(".*@", "", each) for each in before.values()}) == len(KINDS)
    assert all(re.fullmatch(r"[a-z_]+/de@[0-9a-f]{12}", each) for each in before.values())
    again = versions(
        Templates({name: Source(s.text, "elsewhere") for name, s in built_in().items()})
    )
    assert again == before
    bar = built_in()["templates/facts.txt"].text + "\n"
    after = versions(chosen(folder(templates__facts_dot_txt=bar)))
    changed = {kind for kind in KINDS if after[kind] != before[kind]}
    assert changed == {"progress", "reward_ready", "statement"}
    german = built_in()["locale/de.po"].text + "\n"
    other = chosen(folder(locale__de_dot_po=german))
    assert other.version("welcome", "de") != before["welcome"]
    assert other.version("welcome", "fr") == built_in_templates().version("welcome", "fr")


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("foot.mjml", "<mj-text>\nx\n{{ pionts }}</mj-text>",
         "templates/foot.mjml:3: pionts is not known here"),
        ("bar.txt", "\n{{ bar.lable }}", "templates/bar.txt:2: .* no attribute 'lable'"),
        ("foot.txt", "a\n{% if %}", "templates/foot.txt:2: Expected an expression"),
        ("foot.mjml", "<mj-text>\n{{ 1 + }}</mj-text>", "templates/foot.mjml:2: unexpected"),
        ("foot.mjml", "<mj-text>\n<b>x</mj-text>", "templates/foot.mjml:2: not well-formed"),
        ("foot.mjml", "<mj-text>\n\n{% if 1 < 2 %}x{% endif %}</mj-text>",
         "templates/foot.mjml:3: not well-formed"),
        ("foot.mjml", "<mj-raw></mj-raw>\n<mj-txt>x</mj-txt>",
         "templates/foot.mjml:2: MJML has no element <mj-txt>"),
        ("foot.mjml", '\n<mj-include path="feet.mjml" />',
         "templates/foot.mjml:2: feet.mjml is included, but there is no such file"),
        ("foot.mjml", '<mj-include path="foot.mjml" />',
         "templates/foot.mjml:1: .*includes itself"),
        ("progress.txt", "Hello\n", "templates/progress.txt:1: a text begins with `Subject"),
        ("progress.txt", 'Subject: {{ _("A %(b)s", c=1) }}\nPreheader: x\n\ny',
         r"templates/progress.txt:1: a string uses %\(b\)s, which it is not given"),
        ("progress.txt", "Subject: a\nPreheader: b\n\n{{ ready[5].name }}",
         "templates/progress.txt:1: "),
        ("progress.mjml", "<mj-text>" + "x" * 100_000 + "</mj-text>",
         "templates/progress.mjml:1: makes more than 100,000 bytes"),
        ("progess.txt", "Subject: a\nPreheader: b\n\nc",
         "templates/progess.txt:1: no message uses this file"),
        ("progress.txt", "Subject: {{ ''.__class__ }}\nPreheader: b\n\nc",
         "templates/progress.txt:1: .*unsafe"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_file_and_line(
    folder: Folder, name: str, text: str, said: str
) -> None:
    key = f"templates__{name.replace('.', '_dot_')}"
    found = problems(folder(**{key: text}))
    assert re.match(said, found[0]), found


def test_all_mistakes_are_told_at_once(folder: Folder) -> None:
    found = problems(folder(
        templates__welcome_dot_mjml="<mj-text>{{ a }}</mj-text>",
        templates__statement_dot_txt="{% for %}",
    ))  # fmt: skip
    assert [problem.split(":")[0] for problem in found] == [
        "templates/statement.txt", "templates/welcome.mjml",
    ]  # fmt: skip


def test_a_catalogue_s_mistake_is_told_with_its_line(folder: Folder) -> None:
    text = '\n\n#, python-format\nmsgid "Hello %(name)s,"\nmsgstr "Hej %(navn)s,"\n'
    assert problems(folder(locale__da_dot_po=text))[0].startswith("locale/da.po:4: ")


def test_a_folder_that_is_none_or_empty_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no folder"):
        chosen(tmp_path / "nowhere")
    with pytest.raises(UserError, match="holds no template"):
        chosen(tmp_path)


def test_what_is_exported_is_what_is_built_in_and_nothing_is_overwritten(tmp_path: Path) -> None:
    written = export(tmp_path)
    assert len(written) == len(built_in())
    mine = chosen(tmp_path)
    for kind in KINDS:
        assert told(mine, kind) == told(built_in_templates(), kind)
    with pytest.raises(UserError, match="is there already"):
        export(tmp_path)
