from __future__ import annotations

import errno
import io
import logging
import sys

import pytest

from deployments import logs


class Full(io.StringIO):
    """A file on a full disk."""

    def write(self, text: str) -> int:
        raise OSError(errno.ENOSPC, text)


class StderrToLog:
    """stderr of a replica, as Ray Serve replaces it."""

    def write(self, text: str) -> None:
        logging.getLogger("full").error(text)

    def flush(self) -> None: ...


def test_a_record_that_cannot_be_written_is_lost_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stderr", StderrToLog())
    monkeypatch.setattr(logging, "raiseExceptions", True)
    full = logging.getLogger("full")
    monkeypatch.setattr(full, "propagate", False)
    monkeypatch.setattr(full, "handlers", [logging.StreamHandler(Full())])
    with pytest.raises(RecursionError):
        full.error("without")
    logs.do_without()
    full.error("with")


def test_a_client_that_leaves_leaves_no_line() -> None:
    ray, written = logging.getLogger("ray.serve"), list[str]()
    handler = logging.Handler()
    handler.emit = lambda record: written.append(record.getMessage())  # type: ignore[method-assign]
    filters, level = list(ray.filters), ray.level
    ray.addHandler(handler)
    try:
        ray.setLevel(logging.INFO)
        logs.leave_out_leavers()
        ray.info("Cancelling request that has already been assigned to a replica.")
        ray.info("something else")
    finally:
        ray.removeHandler(handler)
        ray.filters[:] = filters
        ray.setLevel(level)
    assert written == ["something else"]
