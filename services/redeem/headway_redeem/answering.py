"""What routes share: how a value is answered, and which problems a route says it may answer."""

from typing import Any

from pydantic import BaseModel
from starlette.responses import Response

from headway_redeem import problems
from headway_redeem.models import Problem
from headway_redeem.problems import Kind


def shown(model: BaseModel, status: int = 200) -> Response:
    """A value, as JSON."""
    return Response(model.model_dump_json(), status, media_type="application/json")


def problems_of(*kinds: Kind) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route, from the problems it may answer with."""
    found: dict[int | str, dict[str, Any]] = {}
    for kind in (*kinds, problems.TRY_AGAIN):
        named = found.setdefault(int(kind.status), {"model": Problem, "description": ""})
        named["description"] = "; ".join(filter(None, (named["description"], kind.name)))
    return found
