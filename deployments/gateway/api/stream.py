"""A translation as server-sent events: each sentence as soon as it is final."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator

from pydantic import BaseModel
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.responses import Response

from deployments.errors import Internal, ServiceError, described
from deployments.gateway.api import answers, schemas
from deployments.service import Stream
from pipeline.answer.translation import SentenceTranslation, Translation

logger = logging.getLogger("ray.serve")

PING_S = 15  # a comment when nothing else is sent, so that proxies keep the connection
STALLED_S = 20  # a reader that takes nothing for so long is dropped
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
Item = SentenceTranslation | Translation


async def events(stream: Stream, request_id: str) -> Response:
    """The answer, once its first sentence is there.

    Raises ServiceError where that cannot be had: a refusal is no stream.
    """
    first = await anext(stream.sentences)
    return EventSourceResponse(
        _events(first, stream, request_id),
        headers=HEADERS,
        ping=PING_S,
        send_timeout=STALLED_S,
    )


async def _events(
    first: Item, stream: Stream, request_id: str
) -> AsyncGenerator[ServerSentEvent, None]:
    try:
        yield _event(first, 0, stream, request_id)
        index = 0
        async for item in stream.sentences:
            index += 1
            yield _event(item, index, stream, request_id)
    except ServiceError as error:
        yield _named("error", answers.refused(error, request_id))
    except Exception as error:
        logger.error("request %s: %s", request_id, described(error))
        yield _named("error", answers.refused(Internal(), request_id))
    finally:
        await stream.sentences.aclose()


def _event(item: Item, index: int, stream: Stream, request_id: str) -> ServerSentEvent:
    if isinstance(item, SentenceTranslation):
        fields = answers.sentence(item).model_dump()
        return _named(
            "sentence", schemas.StreamedSentence(index=index, before=item.before, **fields)
        )
    end = item.sentences[-1].target_span.end if item.sentences else 0
    return _named(
        "done",
        schemas.StreamEnd(
            sentences=len(item.sentences),
            after=item.text[end:],
            applied_terms=answers.terms(item.sentences, applied=True),
            missed_terms=answers.terms(item.sentences, applied=False),
            model=stream.model,
            detected=answers.language(stream.detected),
            warnings=list(item.warnings),
            timings=answers.timings(stream.stopwatch.read()),
            request_id=request_id,
        ),
    )


def _named(event: str, data: BaseModel) -> ServerSentEvent:
    return ServerSentEvent(data.model_dump_json(), event=event)
