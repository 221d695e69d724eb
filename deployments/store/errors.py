"""What the state could not do. The texts are one line and hold nobody's data."""

from __future__ import annotations


class StoreError(Exception):
    """The root of the tree."""


class StoreUnavailable(StoreError):
    """The database does not answer, is full or broken; the text, which is for operators, says
    which.
    """

    def __init__(self, cause: str) -> None:
        super().__init__(f"the database failed: {cause}")


class TooManyGlossaries(StoreError):
    """The key has as many as one may have."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"There are {limit} glossaries, which is the limit: delete one")
        self.limit = limit


class TooManyDocuments(StoreError):
    """The documents that are kept leave no room for another."""

    def __init__(self) -> None:
        super().__init__("There is no room for another document: come back later")
