"""What the engine takes and what it answers. Every value is immutable and picklable."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class DecodingOptions:
    """How the engine searches.

    Beam search is by the bundle's rules. CSANMT's with one beam is not greedy: it goes on
    with the runner-up after an end symbol (docs/csanmt.md).
    """

    beam_size: int = 4  # hypotheses that go on at every step
    length_penalty: float = 0.6  # exponent α: of ((5+n)/6)^α for CSANMT, else of n^α
    max_length: int = 128  # most target tokens, the end symbol included
    greedy: bool = False  # the best token at each step, one row a sentence whatever the beam size
    length_ratio: float = 0.0  # target tokens a source token; 0 for no such limit
    length_margin: int = 16  # target tokens beside that ratio
    no_repeat_ngram: int = 0  # beam search repeats no n-gram of so many tokens; 0 for no such rule

    @property
    def beams(self) -> int:
        """Rows that a sentence takes in a batch."""
        return 1 if self.greedy else self.beam_size

    def compatible_with(self, other: DecodingOptions) -> bool:
        """Whether sentences with both may share a batch."""
        return (self.greedy, self.beams) == (other.greedy, other.beams)

    def limit(self, source_length: int) -> int:
        """Most target tokens, the end symbol included, for a source of `source_length` tokens.

        The search stops once no hypothesis of this length could still win, so a limit near what a
        translation can need saves most of the steps that a distant one spends on waiting.
        """
        if not self.length_ratio:
            return self.max_length
        return min(self.max_length, int(self.length_ratio * source_length) + self.length_margin)


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A translation."""

    ids: tuple[int, ...]  # of the target, without the end symbol
    score: float  # log p over the length penalty, for which n counts the end symbol
    steps: int  # decoding steps that its sentence took
    finished: bool = True  # false where the longest length cut it


@dataclass(frozen=True, slots=True)
class Strictness:
    """How a retry searches otherwise than the first try."""

    greedy: bool = False  # as in DecodingOptions
    no_repeat_ngram: int = 0  # as in DecodingOptions

    def applied(self, options: DecodingOptions) -> DecodingOptions:
        """The request's `options` made stricter; unchanged for AS_GIVEN."""
        if self == AS_GIVEN:
            return options
        return replace(options, greedy=self.greedy, no_repeat_ngram=self.no_repeat_ngram)


AS_GIVEN = Strictness()
