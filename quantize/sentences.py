"""Sentences that models are calibrated and judged on: text files, test sets, samples of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.bundle import Bundle
from pipeline.errors import UserError
from pipeline.text.prepare import Preprocessor

TEST_SETS = Path(__file__).with_name("testsets")
NAMES = ("flores-dev", "ntrex")
MASKED_SENTENCES = 200


@dataclass(frozen=True)
class TestSet:
    """Sentences and their translations by people."""

    __test__ = False  # not a class of tests

    name: str
    sources: tuple[str, ...]
    references: tuple[str, ...]


def read_text(path: Path) -> str:
    """The file without a byte order mark; raises UserError for one that cannot be read as UTF-8."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}: name a file that can be read") from None
    except UnicodeDecodeError:
        raise UserError(f"{path} is not UTF-8: convert it (iconv -f gb18030 -t utf-8)") from None


def read_lines(path: Path) -> tuple[str, ...]:
    """The lines that are not blank; raises UserError as `read_text` does."""
    return tuple(line for line in read_text(path).splitlines() if line.strip())


def sentence_ids(bundle: Bundle, lines: Iterable[str]) -> list[tuple[int, ...]]:
    """Source ids of the sentences in the lines, without those that no model has to translate."""
    preprocessor = Preprocessor.load(bundle)
    return [unit.ids for line in lines for unit in preprocessor.prepare(line).units if unit.ids]


def spread(lines: Sequence[str], count: int | None) -> tuple[str, ...]:
    """At most `count` of the lines, in even steps from the first on; None: all."""
    step = 1 if count is None else max(1, len(lines) // count)
    return tuple(lines[::step][:count])


def load_test_sets(count: int | None = None) -> tuple[TestSet, ...]:
    """Every test set in `testsets/`, or `count` sentences spread over each."""
    return tuple(_test_set(name, count) for name in NAMES)


def _test_set(name: str, count: int | None) -> TestSet:
    sides = (TEST_SETS / f"{name}.{side}" for side in ("zh", "en"))
    sources, references = (
        spread(path.read_text(encoding="utf-8").splitlines(), count) for path in sides
    )
    return TestSet(name, sources, references)


def pooled_sources(sets: Iterable[TestSet], count: int) -> tuple[str, ...]:
    """At most `count` source sentences, spread over all sets together."""
    return spread([source for test in sets for source in test.sources], count)


def masked(sources: Iterable[str], symbol: str) -> tuple[str, ...]:
    """Sentences of two clauses with `symbol`, which stands for a masked span, before the second."""
    clauses = (source.split("，", 1) for source in sources)
    pairs = [pair for pair in clauses if len(pair) == 2]
    return tuple(f"{first}，{symbol}{second}" for first, second in pairs[:MASKED_SENTENCES])
