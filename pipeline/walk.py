"""The walk of one request: the order of its steps, without I/O.

1. The text was prepared: cut into units, each with the token ids of its source (text/prepare.py).
2. Every unit with ids is decoded: its first try (decode/).
3. What the model gave is reviewed, each unit by itself (answer/review.py).
4. A unit whose review asks for another try is decoded and reviewed again; the better answer stays.
5. Answers are put into the layout of the source, in order, as soon as they are final.

Whoever has a thread, an event loop or a test drives it alike: decode what is `due`, review each
`attempt`, `take` the reviews, until nothing is due.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pipeline.answer.layout import Layout, capitals, kept
from pipeline.answer.translation import (
    Answer,
    Attempt,
    Review,
    SentenceTranslation,
    Translation,
    Try,
    first_try,
)
from pipeline.decode.options import Hypothesis
from pipeline.text.prepared import Prepared


class Walk:
    """Where the units of a request are on their way. Not thread-safe: one driver a walk."""

    def __init__(self, prepared: Prepared) -> None:
        self.prepared = prepared
        self._opens = capitals(prepared)
        self._answers = [None if unit.ids else kept(unit) for unit in prepared.units]
        self._under_way = {place for place, unit in enumerate(prepared.units) if unit.ids}
        self._due = [first_try(place, prepared.units[place]) for place in sorted(self._under_way)]
        self._layout = Layout(prepared)

    def due(self) -> list[Try]:
        """What is to be decoded now; each try is handed out once."""
        due, self._due = self._due, []
        return due

    def attempt(
        self, tried: Try, hypotheses: Sequence[Hypothesis], others: Sequence[Hypothesis] = ()
    ) -> Attempt:
        """What a review needs to know; one hypothesis for each of the try's sentences, and `others`
        of a try that has one.
        """
        unit, best = self.prepared.units[tried.unit], self._answers[tried.unit]
        return Attempt(unit, tried, tuple(hypotheses), self._opens[tried.unit], best, tuple(others))

    def take(self, tried: Try, review: Review) -> None:
        """The unit's answer is the review's; it is final unless the review asks for another try."""
        self._answers[tried.unit] = review.answer
        if review.next_try:
            self._due.append(review.next_try)
        else:
            self._under_way.discard(tried.unit)

    def give_up(self, tried: Try) -> None:
        """The try will not be made: the answer that its unit has is final.

        Raises ValueError where there is none.
        """
        self._answer(tried.unit)
        self._under_way.discard(tried.unit)

    @property
    def finished(self) -> bool:
        """Whether every answer is final."""
        return not self._under_way

    @property
    def answered(self) -> bool:
        """Whether every unit has an answer, though it may be tried again."""
        return None not in self._answers

    def final(self) -> Iterator[SentenceTranslation]:
        """The sentences that are final and follow those handed out before, in order."""
        while (place := self._layout.count) < len(self._answers) and place not in self._under_way:
            yield self._layout.place(self._answer(place))

    def translation(self) -> Translation:
        """The whole request with the best answers there are; tries under way no longer count.

        Raises ValueError where a unit has no answer yet.
        """
        for place in range(self._layout.count, len(self._answers)):
            self._layout.place(self._answer(place))
        return self._layout.translation()

    def _answer(self, place: int) -> Answer:
        answer = self._answers[place]
        if answer is None:
            raise ValueError(f"unit {place} has no answer yet")
        return answer
