"""Walks of texts whose hypotheses are given, without a model."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pipeline.answer.review import Postprocessor
from pipeline.answer.translation import Try
from pipeline.decode.options import Hypothesis
from pipeline.text.prepared import Prepared
from pipeline.walk import Walk

Decode = Callable[[tuple[int, ...], Try], Hypothesis]


def first_round(
    postprocessor: Postprocessor, prepared: Prepared, hypotheses: Iterable[Hypothesis]
) -> Walk:
    """The walk after its first reviews: one hypothesis for each unit that a model is asked for."""
    walk = Walk(prepared)
    for tried, hypothesis in zip(walk.due(), hypotheses, strict=True):
        walk.take(tried, postprocessor.review(walk.attempt(tried, [hypothesis])))
    return walk


def retry(postprocessor: Postprocessor, walk: Walk, decode: Decode) -> list[Try]:
    """Decode and review what is due; returns the tries."""
    due = walk.due()
    for tried in due:
        hypotheses = [decode(ids, tried) for ids in tried.sentences]
        walk.take(tried, postprocessor.review(walk.attempt(tried, hypotheses)))
    return due
