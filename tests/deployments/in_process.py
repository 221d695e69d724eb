"""The service in this process: the real pipeline and HTTP, without Ray between them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, TypeVar

from deployments.config import ServiceConfig, load
from deployments.request.decoding import Stages
from deployments.request.flow import Flow
from deployments.request.handles import StageCall
from deployments.service import TranslationService
from deployments.stages.interfaces import TranslateStage
from deployments.stages.messages import Decoded, DecodeItem, Load, Refusal
from deployments.stages.postprocess import Postprocess
from deployments.stages.preprocess import Preprocess
from deployments.stages.translate import options_for
from deployments.store.store import Store
from deployments.store.upgrade import prepare
from pipeline.config import DEFAULT_MODEL
from pipeline.translator import Translator

Item = TypeVar("Item")
Answer = TypeVar("Answer")

NAME = "csanmt-zh-en-tiny"
BUNDLES = {NAME: DEFAULT_MODEL}
LOAD = Load("replica", {"interactive": 0.0, "bulk": 0.0})
MEMORY_MB = 1e6  # a limit that none reaches


class Calls:
    """How the stages are called; `sizes` are the numbers of items of each one's calls."""

    def __init__(self) -> None:
        self.sizes: dict[str, list[int]] = {"prepare": [], "translate": [], "review": []}

    def of(
        self, method: Callable[[Sequence[Item]], Coroutine[Any, Any, Sequence[Answer | Refusal]]]
    ) -> StageCall[Item, Answer]:
        def call(items: Sequence[Item]) -> asyncio.Task[Sequence[Answer | Refusal]]:
            self.sizes[method.__name__].append(len(items))
            return asyncio.get_running_loop().create_task(method(items))

        return call


class Decode(TranslateStage):
    """What the translate deployment does for its items, with the engine of a Translator."""

    def __init__(self, translator: Translator) -> None:
        self.engine = translator.engine

    async def translate(self, items: Sequence[DecodeItem]) -> list[Decoded | Refusal]:
        return await asyncio.gather(*map(self._decode, items))

    async def _decode(self, item: DecodeItem) -> Decoded:
        options = options_for(item, self.engine.defaults)
        futures = [
            asyncio.wrap_future(self.engine.submit(ids, options=options)) for ids in item.sentences
        ]
        wanted = 1 + item.search.alternatives
        found = await asyncio.gather(*futures)
        return Decoded(tuple(hypotheses[:wanted] for hypotheses in found), LOAD)

    async def ping(self) -> Load:
        return LOAD


def flow_of(translator: Translator, config: ServiceConfig, calls: Calls | None = None) -> Flow:
    """A flow over the real stages, whose translator decodes with the engine given."""
    calls = calls or Calls()
    stages = Stages(
        calls.of(Preprocess(BUNDLES, MEMORY_MB).prepare),
        {NAME: calls.of(Decode(translator).translate)},
        calls.of(Postprocess(BUNDLES, MEMORY_MB).review),
    )
    return Flow(stages, config)


def store_in(folder: Path, **values: Any) -> Store:
    """A store on an SQLite file there."""
    settings = load({"store": {"url": str(folder / "csanmt.db"), **values}}).store
    return Store(prepare(settings, nodes=1), replicas=1)


def service_of(translator: Translator, config: ServiceConfig, store: Store) -> TranslationService:
    languages = {NAME: translator.bundle.manifest.languages}
    flow = flow_of(translator, config)
    return TranslationService(flow, languages, config.limits, replicas=1, store=store)
