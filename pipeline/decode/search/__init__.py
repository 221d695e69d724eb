"""Choosing tokens: each family's own beam search, and greedy.

All keep one slot a sentence, in the slots of the batch, and work on all live sentences at once,
each at its own step. N sentences, K beams, C candidates a row (2K for beam search), V target
vocabulary.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from pipeline.bundle import Manifest
from pipeline.decode.arrays import Floats, Ints
from pipeline.decode.options import DecodingOptions, Hypothesis
from pipeline.decode.search.csanmt import BeamSearch, length_penalty
from pipeline.decode.search.greedy import GreedySearch
from pipeline.decode.search.marian import MarianSearch, plain_penalty
from pipeline.decode.search.slots import following

__all__ = [
    "BeamSearch",
    "GreedySearch",
    "MarianSearch",
    "Search",
    "following",
    "length_penalty",
    "make_search",
]
__all__ += ["plain_penalty"]


class Search(Protocol):
    """What the engine asks of a way to search."""

    beam: int
    candidates: int

    def join(self, slot: int, options: DecodingOptions, limit: int) -> None: ...

    def move(self, source: int, target: int) -> None: ...

    def advance(
        self, size: int, ids: Ints, logprobs: Floats
    ) -> tuple[Ints, Ints, npt.NDArray[np.bool_]]:
        """Take the step's candidates [N·K, C].

        Returns tokens [N, K], parents [N, K] and who is done [N].
        """
        ...

    def result(self, slot: int) -> tuple[Hypothesis, ...]: ...


def make_search(manifest: Manifest, options: DecodingOptions) -> Search:
    """The search of the bundle's family.

    One beam of Hugging Face's is greedy, one of CSANMT's is not.
    """
    end, vocabulary = manifest.decoding.end_id, manifest.dimensions.target_vocab_size
    if manifest.family == "csanmt":
        if options.greedy:
            return GreedySearch(end, length_penalty)
        return BeamSearch(options.beam_size, end, vocabulary)
    forced = manifest.decoding.forced_end
    if options.greedy or options.beam_size == 1:
        return GreedySearch(end, plain_penalty, forced_end=forced)
    return MarianSearch(options.beam_size, end, vocabulary, forced_end=forced)
