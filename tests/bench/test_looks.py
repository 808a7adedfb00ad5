"""The bench of rendering compares like with like."""

import pytest

from bench.looks import in_words, measure, messages
from headway_notify.reader import Reader
from headway_notify.template_set import built_in_templates


def test_both_sides_render_the_same_and_are_timed() -> None:
    # Raises when they differ.
    figures = measure("progress", 10, 1)
    assert figures["ours_us"] > 0
    assert figures["ratio"] == pytest.approx(figures["bare_us"] / figures["ours_us"], rel=0.05)


def test_the_bare_side_has_nothing_left_to_format() -> None:
    (message,) = messages("statement", 1)
    words = in_words(message, Reader("Maria", "de"), built_in_templates())
    assert words["points"](1_234) == words["points"](1_234) == "1.234 Punkte"
    assert words["subject"]
