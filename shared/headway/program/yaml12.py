"""YAML as its version 1.2 has it, and a little stricter: nothing is read as what it does not say.

`on` is a word and not a truth value, 010 is ten and not eight, 1:30 is a text and not ninety
(YAML 1.1 reads them so); a key that comes twice is an error and not the last of the two.
"""

import re
from collections.abc import Hashable

import yaml

_DIGITS = 100


class Yaml12(yaml.SafeLoader):
    """The loader; moments stay texts, for the fields that want them to read."""

    def construct_mapping(
        self, node: yaml.MappingNode, deep: bool = False
    ) -> dict[Hashable, object]:
        seen: set[object] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"{key.value} comes twice; keep one of the two", key.start_mark
                    )
                seen.add(key.value)
        return super().construct_mapping(node, deep)


def _decimal(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> int:
    digits = loader.construct_scalar(node)
    if len(digits) > _DIGITS:
        raise yaml.constructor.ConstructorError(
            None, None, f"a number has at most {_DIGITS} digits; shorten it", node.start_mark
        )
    return int(digits)


Yaml12.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("int", r"[-+]?[0-9]+", "-+0123456789"),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+.0123456789"),
    ("merge", r"<<", "<"),
):
    Yaml12.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_pattern})$"), list(_first)
    )
Yaml12.add_constructor("tag:yaml.org,2002:int", _decimal)
