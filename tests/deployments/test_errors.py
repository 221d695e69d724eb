from __future__ import annotations

import logging
import pickle
import re
from collections.abc import Iterator

import pytest

from deployments.errors import (
    BodyTooLarge,
    BodyTooSlow,
    Internal,
    MalformedText,
    MethodNotAllowed,
    NotFound,
    Overloaded,
    Restarting,
    ServiceError,
    Stopping,
    TextTooLong,
    TimedOut,
    UnknownModel,
    from_code,
)
from deployments.stages.messages import Refusal, guarded, refusal
from pipeline.errors import DeadlineExceeded, EngineStopped, InvalidText, UserError


def tree(root: type[ServiceError] = ServiceError) -> Iterator[type[ServiceError]]:
    for child in root.__subclasses__():
        yield child
        yield from tree(child)


NAMED = [error for error in tree() if "code" in vars(error)]


def test_every_error_has_a_code_of_its_own_and_a_status() -> None:
    assert len({error.code for error in NAMED}) == len(NAMED) >= 14
    for error in NAMED:
        assert re.fullmatch("[a-z]+(_[a-z]+)*", error.code)
        assert 400 <= error.status < 600


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (
            TextTooLong(20_001, 20_000),
            "The text has 20001 characters, more than the limit of 20000",
        ),
        (BodyTooLarge(4), "The body is larger than the limit of 4 bytes"),
        (BodyTooSlow(0.5), "The body did not arrive within 0.5 seconds"),
        (UnknownModel(["a", "b"]), "Invalid request: the model is not served; served are: a, b"),
        (NotFound(), "Not found"),
        (NotFound("No such file"), "No such file"),
    ],
)
def test_sentences_name_the_limits(error: ServiceError, sentence: str) -> None:
    assert error.sentence == str(error) == sentence


def test_headers_say_when_to_come_back_and_which_methods_there_are() -> None:
    assert Overloaded().headers == {"Retry-After": "1"}
    assert Stopping().headers == {"Retry-After": "5"}
    assert MethodNotAllowed("GET").headers == {"Allow": "GET"}
    assert Internal().headers == {}


@pytest.mark.parametrize(
    ("pipelines", "ours"),
    [
        (InvalidText("…"), MalformedText),
        (DeadlineExceeded("…"), TimedOut),
        (EngineStopped("…"), Restarting),
    ],
)
def test_the_pipelines_errors_travel_as_codes_and_arrive_as_the_services(
    pipelines: UserError, ours: type[ServiceError]
) -> None:
    travelled: Refusal = pickle.loads(pickle.dumps(refusal(pipelines)))
    assert type(from_code(travelled.code)) is ours


def test_a_fault_travels_as_an_internal_error_and_is_logged_without_its_message(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def value_of(text: str) -> int:
        return {"a": 1}[text]

    monkeypatch.setattr(logging.getLogger("ray.serve"), "propagate", True)
    texts = ["a", "the user's text", "a"]
    answers = list(map(guarded(value_of), texts))
    assert answers == [1, Refusal(Internal.code), 1]
    assert "KeyError" in caplog.text and "test_errors.py" in caplog.text
    assert texts[1] not in caplog.text
