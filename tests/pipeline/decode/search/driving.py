"""Searches without an engine: models that are functions, driven as the engine drives graphs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from pipeline.decode.options import DecodingOptions
from pipeline.decode.search import Search

# Log-probabilities [V] behind a prefix.
Model = Callable[[tuple[int, ...]], npt.NDArray[np.float32]]


def run(search: Search, models: dict[int, Model], options: list[DecodingOptions]) -> list[object]:
    """Drive a search as the engine does: sentences join over time, leave at once, and the last slot
    moves.
    """
    waiting, slots, results = list(models), list[int](), dict[int, object]()
    prefixes: list[list[tuple[int, ...]]] = []
    while waiting or slots:
        if waiting:
            name = waiting.pop(0)
            search.join(len(slots), options[name], options[name].max_length)
            slots.append(name)
            prefixes.append([()] * search.beam)
        rows = [
            models[name](prefix)
            for name, row in zip(slots, prefixes, strict=True)
            for prefix in row
        ]
        table = np.stack(rows)
        ids = np.argsort(-table, axis=1, kind="stable")[:, : search.candidates]
        tokens, parents, done = search.advance(len(slots), ids, np.take_along_axis(table, ids, 1))
        for slot in range(len(slots)):
            prefixes[slot] = [
                (*prefixes[slot][p], int(t))
                for p, t in zip(parents[slot], tokens[slot], strict=True)
            ]
        for slot in reversed(range(len(slots))):
            if done[slot]:
                results[slots[slot]] = search.result(slot)
                last = len(slots) - 1
                search.move(last, slot)
                slots[slot], prefixes[slot] = slots[last], prefixes[last]
                slots.pop(), prefixes.pop()
    return [results[name] for name in models]
