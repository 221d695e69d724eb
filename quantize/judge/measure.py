"""Everything the gate asks about a bundle, measured with the serving engine against the float32 reference."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import closing

from pipeline.bundle import Bundle
from pipeline.engine import Engine, EngineSettings
from quantize.judge import scores
from quantize.judge.decode import Output, invariance, translate, units
from quantize.judge.faithful import best_changed, delta_logp, force
from quantize.judge.gate import Faithfulness, Quality, SetScores, fault
from quantize.judge.sets import TestSet, masked

FORCED = 400  # units whose probabilities are compared
BATCHED = 256  # units translated alone and in batches
Progress = Callable[[str, int, int], None]


def quiet(stage: str, done: int, total: int) -> None:
    """No progress shown."""


def faithfulness(reference: Bundle, candidate: Bundle, lines: Sequence[str], batches: int) -> Faithfulness:
    """Probabilities of the reference's own translations of the lines, and batch-invariance on `batches` of them."""
    with closing(open_engine(reference)) as engine:
        sources = units(engine, lines)
        targets = [future.result()[0].ids for future in [engine.submit(ids) for ids in sources]]
        expected = force(engine.sessions, sources, targets)
    with closing(open_engine(candidate)) as engine:
        found = force(engine.sessions, sources, targets)
        invariant = invariance(engine, sources[:batches])
    return Faithfulness(
        batch_invariant=invariant,
        delta_logp=delta_logp(expected, found),
        best_changed=best_changed(expected, found),
    )


def open_engine(bundle: Bundle) -> Engine:
    return Engine.load(bundle, EngineSettings(workers=os.cpu_count() or 1))


def translations(bundle: Bundle, sets: Sequence[TestSet], progress: Progress = quiet) -> dict[str, list[Output]]:
    """Of every set, and of the sentences with a masked span ("masks")."""
    symbols = bundle.manifest.tokenizer.mask_symbols
    lines = {test.name: test.sources for test in sets}
    lines["masks"] = masked(lines[sets[0].name], symbols[0]) if symbols else ()
    with closing(open_engine(bundle)) as engine:
        return {
            name: translate(engine, sources, lambda done, total, name=name: progress(name, done, total))
            for name, sources in lines.items()
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
    faults = {name: fault([o.faults[name] for o in mine], [o.faults[name] for o in theirs]) for name in mine[0].faults}
    if symbol:
        lost = [[symbol not in output.text for output in side["masks"]] for side in (candidate, reference)]
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
    texts = [[output.text for output in side] for side in (reference, candidate)]
    bleu = scores.difference(scores.bleu(), *texts, test.references)
    chrf = scores.difference(scores.chrf(), *texts, test.references)
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
