"""The JSON Schema of a programme file, for editors."""

import json
from typing import Any

from headway.program.document import Document

SCHEMA_FILE = "program.schema.json"


def exported_schema() -> str:
    """JSON Schema 2020-12, as text. It knows every field; `headway program check` knows more."""
    schema: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_FILE,
        **Document.model_json_schema(by_alias=True),
        "title": "Headway programme",
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
