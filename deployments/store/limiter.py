"""Whether a key may send another request: its requests a minute, and its characters a month."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from deployments.store.keys import KeyInfo
from deployments.store.rates import Rates
from deployments.store.usage import Usage

BELIEVED_S = 2.0  # that what other replicas have counted is known without asking


@dataclass(frozen=True, slots=True)
class Allowed:
    """The request was counted."""


@dataclass(frozen=True, slots=True)
class Limited:
    """It was not: too many a minute (`rate`), or the month's characters are used (`quota`)."""

    reason: Literal["rate", "quota"]
    retry_after_s: int


@dataclass(slots=True)
class _Known:
    month: str
    characters: int
    until: float


class Limiter:
    """`hit` counts a request before it is done, `give_back` one that was not."""

    def __init__(self, usage: Usage, rates: Rates) -> None:
        self.usage, self.rates = usage, rates
        self.known: dict[str, _Known] = {}

    async def hit(self, key: KeyInfo, characters: int) -> Allowed | Limited:
        """Count a request of so many characters, if it is allowed; raises StoreUnavailable."""
        if key.requests_per_minute is not None:
            wait = await self.rates.hit(key.id, key.requests_per_minute)
            if wait is not None:
                return Limited("rate", max(1, math.ceil(wait)))
        if key.characters_per_month is not None:
            known = await self._known(key.id)
            # Nothing is awaited from here on: others of this replica see what was added.
            if known.characters + characters > key.characters_per_month:
                return Limited("quota", until_next_month(self.usage.clock()))
        self._add(key.id, characters, 1)
        return Allowed()

    def give_back(self, key: KeyInfo, characters: int, requests: int = 1) -> None:
        """For a request, or a part of one, that was counted and not done."""
        self._add(key.id, -characters, -requests)

    def _add(self, key_id: str, characters: int, requests: int) -> None:
        self.usage.add(key_id, characters, requests)
        if key_id in self.known:
            self.known[key_id].characters += characters

    async def _known(self, key_id: str) -> _Known:
        known, month, moment = self.known.get(key_id), self.usage.month(), time.monotonic()
        if known is None or known.month != month or known.until < moment:
            used = await self.usage.read(key_id)
            known = _Known(month, used.characters, moment + BELIEVED_S)
            self.known[key_id] = known
        return known


def until_next_month(moment: datetime) -> int:
    """Seconds, at least 1."""
    first = moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    following = (first + timedelta(days=32)).replace(day=1)
    return max(1, math.ceil((following - moment).total_seconds()))
