"""Errors that name the thing and the remedy on one line.

`UserError` is what a command prints without a traceback. The service maps the classes below to the
caller's dialect; their texts carry no source text and no internals.
"""

from __future__ import annotations


class UserError(Exception):
    """A mistake that the user can mend; its text is one line."""


class BundleError(UserError):
    """A bundle is missing, incomplete, altered or of another contract version."""


class InvalidText(UserError):
    """A text that cannot be translated as it stands (lone surrogates, NUL)."""


class DeadlineExceeded(UserError):
    """The time given for a translation passed before it was done."""


class Cancelled(UserError):
    """The caller no longer waits for the translation."""


class EngineStopped(UserError):
    """The engine shuts down or has failed and takes no more work."""
