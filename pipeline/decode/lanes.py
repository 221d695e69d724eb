"""Who goes first: sentences of documents wait for those of short requests."""

from __future__ import annotations

from typing import Literal

Lane = Literal["interactive", "bulk"]
BULK_UNITS = 8  # a text of more sentences is a document: one-line requests go ahead of it


def lane_for(units: int) -> Lane:
    """The lane for a request of so many sentences."""
    return "bulk" if units > BULK_UNITS else "interactive"
