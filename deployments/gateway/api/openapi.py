"""What OpenAPI is told that the schemas do not say: bodies parsed by ourselves, events, errors."""

from __future__ import annotations

from typing import Any

from deployments.config import Limits
from deployments.gateway.api.schemas import Error

STATUSES = (400, 401, 404, 405, 408, 409, 410, 413, 414, 415, 422, 429, 431, 500, 503)  # of errors
LATER = (409, 429, 503)  # those that say when to try again
RETRY_AFTER = {"Retry-After": {"description": "Seconds", "schema": {"type": "integer"}}}
ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": Error} | ({"headers": RETRY_AFTER} if status in LATER else {})
    for status in STATUSES
}
EVENT = {
    "type": "object",
    "required": ["event", "data"],
    "properties": {
        "event": {"enum": ["sentence", "done", "error"]},
        "data": {
            "type": "string",
            "contentMediaType": "application/json",
            "description": "StreamedSentence, StreamEnd or Error",
        },
    },
}


def bounded(schema: dict[str, Any], limits: Limits) -> dict[str, Any]:
    """The schema of Options with what the configuration bounds."""
    fields = schema["properties"]
    fields["beam"]["anyOf"][0]["maximum"] = limits.beam_size
    fields["alternatives"]["anyOf"][0]["maximum"] = limits.alternatives
    for kind in fields["text"].get("anyOf", ()):
        if kind["type"] == "array":
            kind["maxItems"] = limits.texts
    return schema


def form_body(schema: dict[str, Any]) -> dict[str, Any]:
    """The same of a form with a file."""
    return {
        "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}
    }


def request_body(schema: dict[str, Any]) -> dict[str, Any]:
    """OpenAPI's description of a body that is parsed by ourselves."""
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}
