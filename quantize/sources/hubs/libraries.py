"""What the hubs' own libraries have in common: they raise whatever lies below them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.errors import UserError

LONGEST_REASON = 150  # characters


@contextmanager
def asked(model: str, hub: str) -> Iterator[None]:
    """Turns what a library raises into a UserError of one line."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise UserError(
            f"{model} cannot be downloaded from {hub} ({reason[:LONGEST_REASON]}): "
            "connect to the network, or copy the model's folder here and name that"
        ) from None
