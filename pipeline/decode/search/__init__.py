"""Choosing tokens: each family's own beam search, and greedy.

All keep one slot a sentence, in the slots of the batch, and work on all live sentences at once,
each at its own step. N sentences, K beams, C candidates a row (2K for beam search), V target
vocabulary.
"""

from __future__ import annotations

from typing import Protocol

from pipeline.bundle import Manifest
from pipeline.decode.arrays import Flags, Floats, Ints
from pipeline.decode.options import DecodingOptions, Hypothesis
from pipeline.decode.search.csanmt import BeamSearch, length_penalty
from pipeline.decode.search.greedy import GreedySearch
from pipeline.decode.search.marian import MarianSearch, plain_penalty

__all__ = [
    "BeamSearch",
    "GreedySearch",
    "MarianSearch",
    "Search",
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

    One beam of Hugging Face's is greedy, one of CSANMT's is not.
    """
    end, vocabulary = manifest.decoding.end_id, manifest.dimensions.target_vocab_size
    if manifest.decoding.rules == "csanmt":
        if options.greedy:
            return GreedySearch(end, length_penalty)
        return BeamSearch(options.beam_size, end, vocabulary)
    forced = manifest.decoding.forced_end
    if options.greedy or options.beam_size == 1:
        return GreedySearch(end, plain_penalty, forced_end=forced)
    return MarianSearch(options.beam_size, end, vocabulary, forced_end=forced)
