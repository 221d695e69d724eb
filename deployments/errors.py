"""Errors of the service."""

from __future__ import annotations

from pipeline.errors import UserError


class Overloaded(UserError):
    """There is more work than the service can do in time."""
