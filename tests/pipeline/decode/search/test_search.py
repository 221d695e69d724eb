"""The vectorised searches against a plain, one-sentence reading of the specification."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from pipeline.decode.options import DecodingOptions, Hypothesis
from pipeline.decode.search import (
    BeamSearch,
    GreedySearch,
    TransformersSearch,
    length_penalty,
    plain_penalty,
)
from pipeline.decode.search.beams import BeamState
from tests.pipeline.decode.search.driving import Model, run

VOCAB = 30
LOWEST = float(np.finfo(np.float32).min)
f32 = np.float32


def random_model(seed: int, sharpness: float) -> Model:
    """Log-probabilities [V] that depend on the whole prefix.

    The end symbol gains with its length.
    """

    def logprobs(prefix: tuple[int, ...]) -> npt.NDArray[np.float32]:
        rng = np.random.default_rng([seed, *prefix])
        logits = rng.normal(0, sharpness, VOCAB)
        logits[0] += 0.6 * len(prefix) - 2
        return (logits - np.log(np.exp(logits).sum())).astype(np.float32)

    return logprobs


def penalty(length: int, alpha: float) -> np.float32:
    return np.power(f32((5 + length) / 6), f32(alpha))


def plain_beam_search(
    model: Model, beam: int, alpha: float, limit: int
) -> tuple[list[Hypothesis], int]:
    alive: list[tuple[tuple[int, ...], np.float32]] = [((), f32(0))] + [((), f32(LOWEST))] * (
        beam - 1
    )
    finished: list[tuple[tuple[int, ...], np.float32, bool]] = [((), f32(LOWEST), False)] * beam
    scores = [f32(0)] * beam
    step = 0
    with np.errstate(over="ignore"):
        while step < limit:
            rows = [
                ((logp + model(prefix)) / penalty(step + 1, alpha)).astype(np.float32)
                for prefix, logp in alive
            ]
            flat = np.concatenate(rows)
            best = np.argsort(-flat, kind="stable")[: 2 * beam]
            candidates = [((*alive[i // VOCAB][0], int(i % VOCAB)), flat[i]) for i in best]
            demoted = [f32(s + f32(LOWEST)) if c[-1] == 0 else s for c, s in candidates]
            order = np.argsort(-np.array(demoted), kind="stable")[:beam]
            scores = [demoted[i] for i in order]
            alive = [(candidates[i][0], demoted[i] * penalty(step + 1, alpha)) for i in order]
            pool = finished + [
                (c, s if c[-1] == 0 else f32(s + f32(LOWEST)), c[-1] == 0) for c, s in candidates
            ]
            finished = [
                pool[i]
                for i in np.argsort(-np.array([s for _, s, _ in pool]), kind="stable")[:beam]
            ]
            step += 1
            worst = min((s for _, s, flag in finished if flag), default=f32(LOWEST))
            if worst > alive[0][1] / penalty(limit, alpha):
                break
    if any(flag for *_, flag in finished):
        return [Hypothesis(c[:-1], float(s), step) for c, s, flag in finished if flag], step
    return [
        Hypothesis(c, float(s), step, False) for (c, _), s in zip(alive, scores, strict=True)
    ], step


def plain_transformers_search(
    model: Model, beam: int, alpha: float, limit: int, forced: bool
) -> tuple[list[Hypothesis], int]:
    """What transformers' generate does, one sentence and one hypothesis at a time."""
    alive: list[tuple[tuple[int, ...], np.float32]] = [((), f32(0))] + [((), f32(-1e9))] * (
        beam - 1
    )
    finished: list[tuple[tuple[int, ...], float]] = []
    step = 0
    while True:
        step += 1
        last = step == limit
        candidates = []
        for prefix, logp in alive:
            row = model(prefix)
            if last and forced:
                row = np.where(np.arange(VOCAB) == 0, f32(0), f32(-np.inf))
            candidates += [((*prefix, token), f32(logp + row[token])) for token in range(VOCAB)]
        candidates = sorted(candidates, key=lambda pair: -pair[1])[: 2 * beam]
        ended = [
            c for c in candidates[:beam] if (c[0][-1] == 0 or last) and c[1] > -1e9
        ]  # not of an unused beam
        finished += [(c, float(f32(score / f32(float(step) ** alpha)))) for c, score in ended]
        finished = sorted(finished, key=lambda pair: -pair[1])[:beam]
        alive = [c for c in candidates if c[0][-1] != 0][:beam]
        if last or (
            len(finished) == beam
            and f32(alive[0][1] / f32(float(step) ** alpha)) <= finished[-1][1]
        ):
            break
    found = [
        Hypothesis(c[:-1] if c[-1] == 0 else c, score, step, finished=c[-1] == 0)
        for c, score in finished
    ]
    return found, step


@pytest.mark.parametrize("beam", [1, 2, 4, 6])
@pytest.mark.parametrize("alpha", [0.0, 0.6, 1.0])
@pytest.mark.parametrize("sharpness", [0.5, 3.0])
def test_beam_search_follows_the_specification_whatever_joins_and_leaves(
    beam: int, alpha: float, sharpness: float
) -> None:
    models = {seed: random_model(seed, sharpness) for seed in range(12)}
    limits = [3 + seed for seed in models]
    options = [DecodingOptions(beam, alpha, limit) for limit in limits]
    found = run(BeamSearch(beam, end_id=0, vocab_size=VOCAB), models, options)
    for seed, model in models.items():
        expected, _ = plain_beam_search(model, beam, alpha, limits[seed])
        assert found[seed] == tuple(expected)


@pytest.mark.parametrize("beam", [2, 4, 6])
@pytest.mark.parametrize("alpha", [0.0, 0.6, 1.0, 2.0])
@pytest.mark.parametrize("forced", [True, False])
def test_search_follows_transformers_whatever_joins_and_leaves(
    beam: int, alpha: float, forced: bool
) -> None:
    models = {seed: random_model(seed, 2.0) for seed in range(12)}
    limits = [1 + seed for seed in models]
    options = [DecodingOptions(beam, alpha, limit) for limit in limits]
    found = run(
        TransformersSearch(beam, end_id=0, vocab_size=VOCAB, forced_end=forced), models, options
    )
    for seed, model in models.items():
        assert found[seed] == tuple(
            plain_transformers_search(model, beam, alpha, limits[seed], forced)[0]
        )


def test_greedy_can_be_forced_to_end() -> None:
    def model(_: tuple[int, ...]) -> npt.NDArray[np.float32]:
        return np.log(np.where(np.arange(VOCAB) == 7, 0.9, 0.1 / (VOCAB - 1))).astype(np.float32)

    search = GreedySearch(0, plain_penalty, forced_end=True)
    (hypotheses,) = run(
        search, {0: model}, [DecodingOptions(greedy=True, length_penalty=1.0, max_length=4)]
    )
    assert hypotheses == (Hypothesis((7, 7, 7), pytest.approx(3 * np.log(0.9) / 4), 4),)  # type: ignore[arg-type]


def test_equal_scores_go_to_the_lower_beam_and_then_to_the_lower_token() -> None:
    search = BeamSearch(2, end_id=0, vocab_size=VOCAB)
    options = DecodingOptions(2, 0.6, 9)
    search.join(0, options, options.max_length)
    flat = np.full((2, 4), -1.0, np.float32)
    ids = np.array([[3, 5, 7, 9], [3, 5, 7, 9]])
    assert search.advance(1, ids, flat)[0].tolist() == [[3, 5]]
    tokens, parents, _ = search.advance(1, ids[:, ::-1].copy(), flat)
    assert (tokens.tolist(), parents.tolist()) == ([[3, 5]], [[0, 0]])


def test_beam_one_goes_on_after_an_end_symbol_where_greedy_stops() -> None:
    def model(prefix: tuple[int, ...]) -> npt.NDArray[np.float32]:
        probability = np.full(VOCAB, 1e-9)
        best, second = (0, 4) if not prefix else (0, 9)
        probability[best], probability[second] = (0.52, 0.48) if not prefix else (0.999999, 1e-6)
        return np.log(probability).astype(np.float32)

    options = DecodingOptions(1, 1.0, 8)
    beam = run(BeamSearch(1, end_id=0, vocab_size=VOCAB), {0: model}, [options])
    greedy = run(GreedySearch(0, length_penalty), {0: model}, [options])
    assert beam[0][0].ids == (4,)  # type: ignore[index]
    assert greedy[0][0].ids == ()  # type: ignore[index]


def test_greedy_takes_the_best_token_and_scores_it_as_beam_search_does() -> None:
    models = {seed: random_model(seed, 2.0) for seed in range(6)}
    options = [
        DecodingOptions(greedy=True, length_penalty=0.6, max_length=10 + seed) for seed in models
    ]
    for seed, found in enumerate(run(GreedySearch(0, length_penalty), models, options)):
        prefix: tuple[int, ...] = ()
        logp = f32(0)
        while len(prefix) < options[seed].max_length and (not prefix or prefix[-1] != 0):
            row = models[seed](prefix)
            logp += row.max()
            prefix = (*prefix, int(row.argmax()))
        ended = prefix[-1] == 0
        score = float(logp / penalty(len(prefix), 0.6))
        assert found == (Hypothesis(prefix[:-1] if ended else prefix, score, len(prefix), ended),)


def test_longer_and_longer_sentences_take_no_more_slots_than_there_are() -> None:
    state = BeamState(4)
    for length in range(1, 200):
        state.reserve(length % 5, length)
        state.alive[length % 5, :, length - 1] = length
    assert state.alive.shape[0] <= 8 and state.alive.shape[2] < 400
    assert [state.alive[length % 5, 0, length - 1] for length in range(1, 200)] == list(
        range(1, 200)
    )


def test_views_of_live_slots_write_to_the_state() -> None:
    state = BeamState(2)
    state.reserve(2, 3)
    state.live(2).alive_logp[1] = 7
    state.move(1, 2)
    assert state.alive_logp[:, 0].tolist()[:3] == [0, 7, 7]
