"""JSON to what the service is asked, mistakes in one sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from deployments.errors import InvalidRequest
from deployments.gateway.access import owner_of
from deployments.gateway.api.document_schemas import DocumentOptions
from deployments.gateway.api.schemas import Options
from deployments.request.vocabularies import Vocabularies
from deployments.request.wanted import Wanted
from deployments.store.keys import KeyInfo
from pipeline.text.language import AUTO

Body = TypeVar("Body", bound=BaseModel)
EITHER = {"list_type": "a list", "dict_type": "an object"}  # beside a string
TYPES = {
    "string_type": "must be a string",
    "dict_type": "must be an object",
    "list_type": "must be a list",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "bool_type": "must be true or false",
    "too_short": "must hold at least one text",
    "missing": "is missing",
    "extra_forbidden": "is not a field of this request",
}


def parsed(kind: type[Body], fields: dict[str, Any]) -> Body:
    """Raises InvalidRequest, which says where the first mistake is."""
    try:
        return kind.model_validate(fields)
    except ValidationError as error:
        raise InvalidRequest(explain(error)) from None


def explain(error: ValidationError) -> str:
    """The first mistake, without the value that was sent, in the words of JSON."""
    mistakes = error.errors(include_input=False, include_url=False)
    # Of two ways to read a value, the mistake in what it holds is the more precise.
    first = next(x for x in reversed(mistakes) if x["loc"][:1] == mistakes[0]["loc"][:1])
    where = place(first["loc"])
    if len(mistakes) > 1 and first["type"] in EITHER and "[" not in where:
        return f"{where} must be a string or {EITHER[first['type']]}"
    context = first.get("ctx", {})
    match first["type"]:
        case "greater_than_equal":
            return f"{where} must be at least {context['ge']}"
        case "less_than_equal":
            return f"{where} must be at most {context['le']}"
        case "string_too_long":
            return f"{where} is longer than {context['max_length']} characters"
        case "literal_error":
            return f"{where} must be {context['expected']}"
        case kind:
            return f"{where} {TYPES.get(kind, 'is not valid')}"


def place(keys: Sequence[str | int]) -> str:
    """Where a value stands: `text[3]`. Names of a union's branches are left out."""
    name = str(keys[0])[:64].encode("ascii", "replace").decode() if keys else "the body"
    return name + "".join(f"[{key}]" for key in keys[1:] if isinstance(key, int))


async def wanted(
    options: Options | DocumentOptions, caller: KeyInfo | None, vocabularies: Vocabularies
) -> Wanted:
    """What the request asks of the service; raises UnknownGlossary or StoreUnavailable."""
    glossary = None
    if options.glossary_id:
        glossary = await vocabularies.get(options.glossary_id, owner_of(caller))
    asked = Wanted(
        model=options.model,
        source=AUTO if (options.source or "").lower() == AUTO else options.source or None,
        target=options.target or None,
        glossary=glossary,
        caller=caller,
    )
    if isinstance(options, DocumentOptions):
        return asked
    return replace(
        asked,
        split_sentences=options.split_sentences or "on",
        beam_size=options.beam,
        alternatives=options.alternatives or 0,
    )
