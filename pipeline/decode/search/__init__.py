"""Choosing tokens: the beam searches of the engines that models are published for, and greedy.

All keep one slot a sentence, in the slots of the batch, and work on all live sentences at once,
each at its own step. N sentences, K beams, C candidates a row (2K for beam search), V target
vocabulary.
"""

from __future__ import annotations

from typing import Protocol

from pipeline.bundle import Manifest
from pipeline.decode.arrays import Flags, Floats, Ints
from pipeline.decode.options import DecodingOptions, Hypothesis
from pipeline.decode.search.beams import plain_penalty
from pipeline.decode.search.csanmt import BeamSearch, length_penalty
from pipeline.decode.search.ctranslate2 import CTranslate2Search
from pipeline.decode.search.greedy import GreedySearch
from pipeline.decode.search.marian import MarianSearch
from pipeline.decode.search.transformers import TransformersSearch

__all__ = [
    "BeamSearch",
    "CTranslate2Search",
    "GreedySearch",
    "MarianSearch",
    "Search",
    "TransformersSearch",
    "length_penalty",
    "make_search",
    "plain_penalty",
]


class Search(Protocol):
    """What the engine asks of a way to search."""

    beam: int  # K
    candidates: int  # C

    def join(self, slot: int, options: DecodingOptions, limit: int) -> None:
        """Begin a sentence of at most `limit` tokens at `slot`."""
        ...

    def move(self, source: int, target: int) -> None:
        """Let the sentence at slot `source` go on at slot `target`."""
        ...

    def advance(self, size: int, ids: Ints, logprobs: Floats) -> tuple[Ints, Ints, Flags]:
        """Take a step of the first `size` slots: the model's candidates [N·K, C].

        `logprobs` are natural logarithms, best first. Returns the chosen tokens [N, K], the beams
        [N, K] that they continue, and which sentences are done [N].
        """
        ...

    def result(self, slot: int) -> tuple[Hypothesis, ...]:
        """The hypotheses of the sentence at `slot`, best first."""
        ...


def make_search(manifest: Manifest, options: DecodingOptions) -> Search:
    """The search by the bundle's rules.

    One beam is greedy, but for CSANMT's.
    """
    rules = manifest.decoding.rules
    end, vocabulary = manifest.decoding.end_id, manifest.dimensions.target_vocab_size
    if rules == "csanmt":
        if options.greedy:
            return GreedySearch(end, length_penalty)
        return BeamSearch(options.beam_size, end, vocabulary)
    forced = manifest.decoding.forced_end
    if options.beams == 1:
        return GreedySearch(end, plain_penalty, forced_end=forced)
    if rules == "marian":
        return MarianSearch(options.beam_size, end, vocabulary)
    if rules == "ctranslate2":
        return CTranslate2Search(options.beam_size, end, vocabulary)
    return TransformersSearch(options.beam_size, end, vocabulary, forced_end=forced)
