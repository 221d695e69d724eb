from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest

from pipeline.bundle import Bundle
from pipeline.config import DEFAULT_MODEL
from pipeline.decode.engine import Engine
from pipeline.decode.options import DecodingOptions
from pipeline.decode.search import (
    BeamSearch,
    CTranslate2Search,
    MarianSearch,
    Search,
    TransformersSearch,
)
from pipeline.decode.search.beams import following

ALWAYS_SEVEN = (
    np.array([[7, 8, 9, 5, 6, 4, 3, 2]] * 4),
    np.array([[-0.1, -3, -3.1, -3.2, -3.3, -3.4, -3.5, -9]] * 4, np.float32),
)


def test_tokens_that_would_repeat_are_named() -> None:
    assert following([1, 2, 3, 1, 2], 3) == {3}
    assert following([1, 2, 3, 1, 2, 4, 1, 2], 3) == {3, 4}
    assert following([5, 5], 1) == {5}
    assert following([1, 2], 3) == set()
    assert following([], 3) == set()


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize(
    "make",
    [
        BeamSearch,
        partial(TransformersSearch, forced_end=False),
        MarianSearch,
        CTranslate2Search,
    ],
)
def test_a_search_that_would_loop_takes_no_ngram_twice(n: int, make: Callable[..., Search]) -> None:
    search = make(4, end_id=0, vocab_size=30)
    for slot, ngram in enumerate((n, 0)):
        search.join(slot, DecodingOptions(4, 0.6, 6, no_repeat_ngram=ngram), 6)
    ids, logprobs = (np.concatenate([half, half]) for half in ALWAYS_SEVEN)
    for _ in range(6):
        search.advance(2, ids, logprobs)
    strict, free = search.result(0)[0].ids, search.result(1)[0].ids
    assert max(Counter(zip(*(strict[i:] for i in range(n)), strict=False)).values()) == 1
    assert free == (7,) * 6


def test_the_engine_decodes_strict_and_ordinary_sentences_together() -> None:
    engine = Engine.load(Bundle.load(DEFAULT_MODEL))
    ids = list(range(300, 340))
    alone = engine.submit(ids).result()
    strict = DecodingOptions(4, 0.6, 90, no_repeat_ngram=2)
    futures = [engine.submit(ids, options=options) for options in (None, strict, None, strict)]
    results = [future.result() for future in futures]
    engine.close()
    assert results[0] == results[2] == alone
    assert results[1] == results[3]
    for hypothesis in results[1]:
        pairs = list(zip(hypothesis.ids, hypothesis.ids[1:], strict=False))
        assert len(pairs) == len(set(pairs))
