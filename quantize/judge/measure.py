"""What the gate asks about a bundle, measured with the serving engine against the reference.

The steadiest witness, also of weak models, are probabilities. A weak model can hardly lose BLEU,
and its outputs flip at a touch. But the probabilities that it gives to the reference's own
translations, fed to both, move only as far as the arithmetic does.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from pipeline.bundle import Bundle
from pipeline.config import cpus
from pipeline.decode.engine import Engine, EngineSettings
from pipeline.decode.sessions import Sessions
from pipeline.decode.teacher_forcing import forced_logits, log_softmax
from quantize.judge import gate, scores
from quantize.judge.decode import Output, invariance, translate
from quantize.progress import Show, no_show
from quantize.sentences import TestSet, load_test_sets, masked, pooled_sources, sentence_ids

PROBED = 400  # units whose probabilities are compared
BATCHED = 256  # units translated alone and in batches
AT_ONCE = 16  # units whose logits are held in memory together
Ids = tuple[int, ...]


@dataclass(frozen=True)
class Probabilities:
    """Of every step of given targets, one after another."""

    logprobs: npt.NDArray[np.float64]  # of the given token
    best: npt.NDArray[np.int64]  # the token with the highest probability


@dataclass(frozen=True)
class Probe:
    """The reference's own translations of some units, and the probabilities it gives them."""

    sources: list[Ids]
    targets: list[Ids]
    probabilities: Probabilities


def open_engine(bundle: Bundle) -> Engine:
    """The serving engine with a worker for each CPU that this process may use."""
    return Engine.load(bundle, EngineSettings(workers=cpus()))


def make_probe(reference: Bundle, lines: Sequence[str], show: Show = no_show) -> Probe:
    """Translate the lines with the reference, and feed it its own translations."""
    with closing(open_engine(reference)) as engine:
        sources, targets = sentence_ids(reference, lines), []
        for future in [engine.submit(ids) for ids in sources]:
            targets.append(future.result()[0].ids)
            show("reference", len(targets), len(sources))
        return Probe(sources, targets, probabilities(engine.sessions, sources, targets))


def probabilities(
    sessions: Sessions, sources: Sequence[Ids], targets: Sequence[Ids]
) -> Probabilities:
    """Those that the model gives when it is fed `targets`, to their end symbols."""
    logprobs, best = [], []
    for start in range(0, len(sources), AT_ONCE):
        chosen = targets[start : start + AT_ONCE]
        found = forced_logits(sessions, sources[start : start + AT_ONCE], chosen)
        for logits, target in zip(found, chosen, strict=True):
            tokens = np.array([*target, sessions.end_id])
            logprobs.append(log_softmax(logits)[np.arange(len(tokens)), tokens].astype(float))
            best.append(logits.argmax(axis=1))
    return Probabilities(np.concatenate(logprobs), np.concatenate(best))


def faithfulness(
    probe: Probe, candidate: Bundle, batched: int, show: Show = no_show
) -> gate.Faithfulness:
    """How far the candidate's probabilities are from the reference's, and batch-invariance.

    The latter is that of `batched` of the probe's units.
    """
    with closing(open_engine(candidate)) as engine:
        show("probabilities", 0, 1)
        found = probabilities(engine.sessions, probe.sources, probe.targets)
        invariant = invariance(engine, probe.sources[:batched], partial(show, "batches"))
    expected = probe.probabilities
    return gate.Faithfulness(
        batch_invariant=invariant,
        delta_logp=float(np.abs(expected.logprobs - found.logprobs).mean()),
        best_changed=float((expected.best != found.best).mean()),
    )


def translate_sets(
    bundle: Bundle, sets: Sequence[TestSet], show: Show = no_show
) -> dict[str, list[Output]]:
    """The outputs for every set, and for the first one's sentences with a masked span."""
    symbols = bundle.manifest.tokenizer.mask_symbols
    lines = {test.name: test.sources for test in sets}
    lines[scores.MASKS] = masked(lines[sets[0].name], symbols[0]) if symbols else ()
    with closing(open_engine(bundle)) as engine:
        return {
            name: translate(engine, sources, partial(show, name)) for name, sources in lines.items()
        }


def judge_quickly(
    reference: Bundle, candidate: Bundle, lines: Sequence[str], show: Show = no_show
) -> gate.Verdict:
    """The quick gate's verdict on some lines."""
    probe = make_probe(reference, lines, show)
    return gate.Verdict(gate.quick(faithfulness(probe, candidate, gate.QUICK_BATCHED, show)), {})


def judge_fully(reference: Bundle, candidate: Bundle) -> gate.Verdict:
    """The full gate's verdict, on all test sets."""
    sets = load_test_sets()
    expected, found = translate_sets(reference, sets), translate_sets(candidate, sets)
    measured = quality(candidate, sets, set_probe(reference, sets), expected, found)
    return gate.Verdict(gate.full(measured), measured.headline())


def set_probe(reference: Bundle, sets: Sequence[TestSet]) -> Probe:
    """The probe of the full gate."""
    return make_probe(reference, pooled_sources(sets, PROBED))


def quality(
    candidate: Bundle,
    sets: Sequence[TestSet],
    probe: Probe,
    expected: scores.Outputs,
    found: scores.Outputs,
    show: Show = no_show,
) -> gate.Quality:
    """What the full gate judges, from fp32's outputs `expected` and the candidate's `found`."""
    faithful = faithfulness(probe, candidate, BATCHED, show)
    symbols = candidate.manifest.tokenizer.mask_symbols
    return scores.quality(expected, found, sets, faithful, symbols[0] if symbols else None)
