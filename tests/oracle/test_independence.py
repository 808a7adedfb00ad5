"""The oracle shares no code with what it judges."""

import ast
from pathlib import Path

FOLDER = Path(__file__).parent


def imported(source: str) -> set[str]:
    """Top-level names of everything a module imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide where they lead"
            names.add(str(node.module).partition(".")[0])
    return names


def test_the_oracle_imports_nothing_of_headway() -> None:
    modules = sorted(FOLDER.glob("**/*.py"))
    assert len(modules) > 10
    for module in modules:
        text = module.read_text(encoding="utf-8")
        assert not {name for name in imported(text) if name.startswith("headway")}, module


def test_nor_does_it_import_tests_that_might() -> None:
    for module in FOLDER.glob("**/*.py"):
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and str(node.module).startswith("tests"):
                assert str(node.module).startswith("tests.oracle"), module
