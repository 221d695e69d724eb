"""Ids, secrets and moments."""

from __future__ import annotations

import hashlib
import re
import secrets
import uuid
from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]

_ID = re.compile(r"[0-9a-f]{32}")


def new_id() -> str:
    """A random one, in 32 hexadecimal digits."""
    return uuid.uuid4().hex


def is_id(text: str) -> bool:
    """Whether it can be one; what clients send need not be."""
    return _ID.fullmatch(text) is not None


def new_secret() -> str:
    """32 random bytes, in 43 letters that fit a URL."""
    return secrets.token_urlsafe(32)


def hashed(secret: str) -> bytes:
    """What is stored of a secret. Guessing 256 random bits is hopeless, so one round of SHA-256 is
    enough; slow hashes are for passwords, and would be paid on every request.
    """
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def now() -> datetime:
    """This moment, in UTC."""
    return datetime.now(UTC)
