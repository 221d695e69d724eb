"""What the engine is asked for and what it answers. Every value is immutable and picklable."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class DecodingOptions:
    """How the engine searches.

    `length_penalty` is the exponent of GNMT's ((5+n)/6)^α; `max_length` counts target tokens with
    the end symbol, and `limit` lowers it for short sentences where `length_ratio` is set. Beam
    search is CSANMT's own (docs/csanmt.md), and beam 1 is not greedy: the search goes on with the
    runner-up after an end symbol. `greedy` takes the best token at each step instead, with one row
    a sentence whatever `beam_size` says. Beam search takes no `no_repeat_ngram` tokens in a row
    twice, unless that is 0.
    """

    beam_size: int = 4
    length_penalty: float = 0.6
    max_length: int = 128
    greedy: bool = False
    length_ratio: float = 0.0
    length_margin: int = 16
    no_repeat_ngram: int = 0

    def limit(self, source_length: int) -> int:
        """Most target tokens, the end symbol included, for a source of so many tokens.

        The search stops once no hypothesis of this length could still win, so a limit near what a
        translation can need saves most of the steps that a distant one spends on waiting.
        """
        if not self.length_ratio:
            return self.max_length
        return min(self.max_length, int(self.length_ratio * source_length) + self.length_margin)


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A finished translation: target ids without the end symbol.

    `score` is log p / ((5+n)/6)^α with n counting the end symbol, or log p / n^α for Marian models;
    `steps` is the number of decoding steps its sentence took; `finished` is false where max_length
    cut it.
    """

    ids: tuple[int, ...]
    score: float
    steps: int
    finished: bool = True


@dataclass(frozen=True, slots=True)
class Strictness:
    """How a retry searches otherwise than the first try."""

    greedy: bool = False
    no_repeat_ngram: int = 0

    def applied(self, options: DecodingOptions) -> DecodingOptions:
        """The request's options made stricter; they themselves where there is nothing to change."""
        if self == AS_GIVEN:
            return options
        return replace(options, greedy=self.greedy, no_repeat_ngram=self.no_repeat_ngram)


AS_GIVEN = Strictness()
