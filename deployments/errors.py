"""What a caller gets instead of an answer: one class an error.

`code` names the error to programs, `status` is HTTP's, the text is one English sentence. Who finds
a fault raises; only a dialect renders (gateway/dialects/). What travels between deployments is the
code, which `from_code` turns back into the error.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterable
from typing import ClassVar


class ServiceError(Exception):
    """The root of the tree; `headers` go with the response, whatever the dialect."""

    code: ClassVar[str]
    status: ClassVar[int]
    sentence: str
    retry_after_s: ClassVar[int | None] = None
    limit: float | None = None  # what was passed, in the sentence's unit

    def __init__(self, sentence: str | None = None) -> None:
        if sentence is not None:
            self.sentence = sentence
        super().__init__(self.sentence)
        retry = self.retry_after_s
        self.headers = {} if retry is None else {"Retry-After": str(retry)}


class InvalidRequest(ServiceError):
    """What was sent is not what the service takes; `mistake` says where."""

    code, status = "invalid_request", 400

    def __init__(self, mistake: str) -> None:
        super().__init__(f"Invalid request: {mistake}")


class EmptyText(ServiceError):
    """There is nothing to translate."""

    code, status = "empty_text", 400
    sentence = "Empty input"


class MalformedText(InvalidRequest):
    """The text cannot be translated as it stands."""

    code = "malformed_text"

    def __init__(self) -> None:
        super().__init__("text holds a NUL character or half of a surrogate pair")


class UnknownHost(InvalidRequest):
    """The request was meant for somebody else, going by its Host header."""

    code = "unknown_host"

    def __init__(self) -> None:
        super().__init__("Host names another service; the setting http.hosts has this one's names")


class UnknownModel(InvalidRequest):
    """No model of that name is served."""

    code = "unknown_model"

    def __init__(self, served: Iterable[str]) -> None:
        super().__init__(f"the model is not served; served are: {', '.join(served)}")


class UnsupportedLanguages(InvalidRequest):
    """No model, or not the one that was named, translates between these languages."""

    code = "unsupported_languages"

    def __init__(self, served: Iterable[str]) -> None:
        super().__init__(f"the languages are not served; served are: {', '.join(served)}")


class UnsupportedDocument(ServiceError):
    """A file of a kind that is not translated; the sentence names it and the remedy."""

    code, status = "unsupported_document", 415


class UnreadableDocument(ServiceError):
    """A file that is damaged, encrypted, or made to do harm; the sentence says why."""

    code, status = "unreadable_document", 422


class DocumentTooLarge(ServiceError):
    """A file beyond one of the limits; the sentence says which."""

    code, status = "document_too_large", 413


class UnknownDocument(ServiceError):
    """There is no such document, or the key is another's."""

    code, status = "unknown_document", 404
    sentence = "No document has this id and key"


class DocumentNotReady(ServiceError):
    """The document is not translated yet."""

    code, status = "document_not_ready", 409
    retry_after_s = 2

    def __init__(self, state: str) -> None:
        super().__init__(f"The document is not ready: it is {state}")


class DocumentFailed(ServiceError):
    """The document could not be translated; `cause` is the code of the error."""

    code, status = "document_failed", 422

    def __init__(self, cause: str | None) -> None:
        super().__init__(f"The document could not be translated: {cause}")


class DocumentGone(ServiceError):
    """It was there, and its time is over."""

    code, status = "document_gone", 410
    sentence = "The document was deleted: its time is over"


class InvalidGlossaryText(InvalidRequest):
    """A glossary that cannot be used; `mistake` names the line, and quotes no term."""

    code = "invalid_glossary"


class Unauthorized(ServiceError):
    """The request has no key that is known."""

    code, status = "unauthorized", 401
    sentence = "A key is needed: send one that is valid as Authorization: Bearer KEY"

    def __init__(self) -> None:
        super().__init__()
        self.headers["WWW-Authenticate"] = "Bearer"


class UnknownGlossary(ServiceError):
    """The caller has no glossary of this id."""

    code, status = "unknown_glossary", 404
    sentence = "No glossary has this id"


class GlossariesFull(ServiceError):
    """The caller has as many glossaries as one may have."""

    code, status = "too_many_glossaries", 409

    def __init__(self, limit: int) -> None:
        super().__init__(f"There are {limit} glossaries, which is the limit: delete one")
        self.limit = limit


class RateLimited(ServiceError):
    """The key has sent too many requests within a minute."""

    code, status = "rate_limited", 429

    def __init__(self, limit: int | None, retry_after_s: int) -> None:
        super().__init__(f"More than {limit} requests within a minute")
        self.limit = limit
        self.headers["Retry-After"] = str(retry_after_s)


class QuotaUsed(ServiceError):
    """The key has used its characters of this month."""

    code, status = "quota_used", 429

    def __init__(self, limit: int | None, retry_after_s: int) -> None:
        super().__init__(f"More than {limit} characters within this month")
        self.limit = limit
        self.headers["Retry-After"] = str(retry_after_s)


class NotFound(ServiceError):
    """There is nothing at this path."""

    code, status = "not_found", 404
    sentence = "Not found"


class MethodNotAllowed(ServiceError):
    """The path takes other methods."""

    code, status = "method_not_allowed", 405
    sentence = "Method not allowed"

    def __init__(self, allowed: str) -> None:
        super().__init__()
        self.headers["Allow"] = allowed


class BodyTooSlow(ServiceError):
    """The client did not send its body in time."""

    code, status = "body_too_slow", 408

    def __init__(self, seconds: float) -> None:
        super().__init__(f"The body did not arrive within {seconds:g} seconds")
        self.limit = seconds


class BodyTooLarge(ServiceError):
    """The body has more bytes than the limit."""

    code, status = "body_too_large", 413

    def __init__(self, limit: int) -> None:
        super().__init__(f"The body is larger than the limit of {limit} bytes")
        self.limit = limit


class TextTooLong(ServiceError):
    """The text has more characters than the limit."""

    code, status = "text_too_long", 413

    def __init__(self, characters: int, limit: int) -> None:
        super().__init__(f"The text has {characters} characters, more than the limit of {limit}")
        self.limit = limit


class TooManyTexts(ServiceError):
    """The request has more texts than the limit."""

    code, status = "too_many_texts", 413

    def __init__(self, texts: int, limit: int) -> None:
        super().__init__(f"The request has {texts} texts, more than the limit of {limit}")
        self.limit = limit


class UnsupportedMediaType(ServiceError):
    """The body is declared as something that the path does not take."""

    code, status = "unsupported_media_type", 415


class Deadly(ServiceError):
    """Two replicas died while they had this text: it is not given to a third."""

    code, status = "deadly", 422
    sentence = "The service failed twice at this text"


class Internal(ServiceError):
    """A fault of our own, which the log describes."""

    code, status = "internal", 500
    sentence = "Internal error"


class Unavailable(ServiceError):
    """The service cannot do it now; the same request may succeed later."""

    status = 503
    retry_after_s = 1


class Overloaded(Unavailable):
    """There is more work than the service can do in time."""

    code = "overloaded"
    sentence = "The service is busy"

    def __init__(self, retry_after_s: int = 1, hold_ms: int = 0) -> None:
        """Where `hold_ms` is given, the front door refuses by itself for so long."""
        super().__init__()
        self.headers["Retry-After"] = str(retry_after_s)
        if hold_ms:
            self.headers |= {"X-Hold-Ms": str(hold_ms), "X-Hold-Retry-After": str(retry_after_s)}


class TimedOut(Unavailable):
    """The time for the request passed before it was answered."""

    code = "timed_out"
    sentence = "The translation took too long"


class Restarting(Unavailable):
    """The part of the service that was asked is being replaced."""

    code = "restarting"
    sentence = "The service is restarting"


class StateUnavailable(Unavailable):
    """The database of keys, glossaries and documents does not answer."""

    code = "state_unavailable"
    sentence = "The service's database does not answer"


class NoRoom(Unavailable):
    """The documents that are kept leave no room for another."""

    code = "no_room"
    sentence = "There is no room for another document"
    retry_after_s = 60


class Starting(Unavailable):
    """Not every part of the service has answered yet."""

    code = "starting"
    sentence = "The service is starting"


class Stopping(Unavailable):
    """The service shuts down and takes no more work."""

    code = "stopping"
    sentence = "The service is stopping"
    retry_after_s = 5


# Those with which a deployment refuses its part of a request.
REFUSALS = {
    error.code: error for error in (MalformedText, Overloaded, TimedOut, Restarting, Internal)
}


def from_code(code: str) -> ServiceError:
    """The error that a deployment's refusal names."""
    return REFUSALS[code]()


def described(fault: Exception) -> str:
    """Type and place of a fault of our own, for the log: its message may quote the text."""
    place = "".join(traceback.format_tb(fault.__traceback__))
    return f"{type(fault).__name__}\n{place}"
