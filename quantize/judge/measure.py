"""Everything the gate asks about a bundle, measured with the serving engine against the float32
reference.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial

from pipeline.bundle import Bundle
from pipeline.decode.engine import Engine, EngineSettings
from quantize.corpus import sentence_ids
from quantize.judge import scores
from quantize.judge.decode import Output, invariance, translate
from quantize.judge.faithful import Forced, best_changed, delta_logp, force
from quantize.judge.gate import Faithfulness, Quality, SetScores, fault
from quantize.judge.sets import TestSet, masked
from quantize.progress import Show, no_show

FORCED = 400  # units whose probabilities are compared
BATCHED = 256  # units translated alone and in batches


@dataclass(frozen=True)
class Expected:
    """The reference's own translations of some units, and the probabilities it gives them."""

    sources: list[tuple[int, ...]]
    targets: list[tuple[int, ...]]
    forced: Forced


def expect(reference: Bundle, lines: Sequence[str], show: Show = no_show) -> Expected:
    with closing(open_engine(reference)) as engine:
        sources, targets = sentence_ids(reference, lines), []
        for future in [engine.submit(ids) for ids in sources]:
            targets.append(future.result()[0].ids)
            show("reference", len(targets), len(sources))
        return Expected(sources, targets, force(engine.sessions, sources, targets))


def faithfulness(
    expected: Expected, candidate: Bundle, batches: int, show: Show = no_show
) -> Faithfulness:
    """Probabilities of what is expected, and batch-invariance on `batches` of its units."""
    with closing(open_engine(candidate)) as engine:
        show("probabilities", 0, 1)
        found = force(engine.sessions, expected.sources, expected.targets)
        invariant = invariance(engine, expected.sources[:batches], partial(show, "batches"))
    return Faithfulness(
        batch_invariant=invariant,
        delta_logp=delta_logp(expected.forced, found),
        best_changed=best_changed(expected.forced, found),
    )


def open_engine(bundle: Bundle) -> Engine:
    return Engine.load(bundle, EngineSettings(workers=os.cpu_count() or 1))


def translations(
    bundle: Bundle, sets: Sequence[TestSet], show: Show = no_show
) -> dict[str, list[Output]]:
    """Of every set, and of the sentences with a masked span ("masks")."""
    symbols = bundle.manifest.tokenizer.mask_symbols
    lines = {test.name: test.sources for test in sets}
    lines["masks"] = masked(lines[sets[0].name], symbols[0]) if symbols else ()
    with closing(open_engine(bundle)) as engine:
        return {
            name: translate(engine, sources, partial(show, name)) for name, sources in lines.items()
        }


def spread(sets: Sequence[TestSet], count: int) -> list[str]:
    pooled = [source for test in sets for source in test.sources]
    return pooled[:: max(1, len(pooled) // count)][:count]


def quality(
    reference: dict[str, list[Output]],
    candidate: dict[str, list[Output]],
    sets: Sequence[TestSet],
    faithful: Faithfulness,
    symbol: str | None,
) -> Quality:
    """The candidate's outputs beside the reference's."""
    theirs = [output for test in sets for output in reference[test.name]]
    mine = [output for test in sets for output in candidate[test.name]]
    pooled = TestSet("pooled", (), tuple(line for test in sets for line in test.references))
    faults = {
        name: fault([o.faults[name] for o in mine], [o.faults[name] for o in theirs])
        for name in mine[0].faults
    }
    if symbol:
        lost = [
            [symbol not in output.text for output in side["masks"]]
            for side in (candidate, reference)
        ]
        faults["masks"] = fault(*lost)
    return Quality(
        faithfulness=faithful,
        exact_match=sum(a.ids == b.ids for a, b in zip(mine, theirs, strict=True)) / len(mine),
        likeness=scores.likeness([o.text for o in theirs], [o.text for o in mine]),
        faults=faults,
        sets={test.name: _scores(reference[test.name], candidate[test.name], test) for test in sets}
        | {"pooled": _scores(theirs, mine, pooled)},
    )


def _scores(reference: Sequence[Output], candidate: Sequence[Output], test: TestSet) -> SetScores:
    theirs, mine = ([output.text for output in side] for side in (reference, candidate))
    bleu = scores.difference(scores.bleu(), theirs, mine, test.references)
    chrf = scores.difference(scores.chrf(), theirs, mine, test.references)
    return SetScores(
        bleu=bleu.score,
        chrf=chrf.score,
        delta_bleu=bleu.delta,
        delta_bleu_lower95=bleu.lower95,
        delta_bleu_upper95=bleu.upper95,
        delta_chrf=chrf.delta,
        delta_chrf_lower95=chrf.lower95,
        bleu_signature=bleu.signature,
        chrf_signature=chrf.signature,
    )
