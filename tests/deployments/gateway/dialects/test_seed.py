"""POST /translate in this process."""

from __future__ import annotations

import gzip
import json
import re
from typing import Any

import pytest
from starlette.testclient import TestClient

from benchmarks.support.service import ROOT
from deployments.errors import Internal
from deployments.gateway.access import Access
from deployments.gateway.dialects.seed import Seed
from deployments.service import TranslationService
from pipeline.translator import Translator

SENTENCE = "中国的科技创新能力正在快速提升。"
ARTICLE = (ROOT / "tests/data/article.zh.txt").read_text(encoding="utf-8")


def post(api: TestClient, body: bytes) -> Any:
    return api.post("/translate", content=body, headers={"content-type": "application/json"})


def error(response: Any, status: int) -> str:
    """The sentence of an error in this dialect's form."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    body = response.json()
    assert list(body) == ["error"]
    assert body["error"] and "Traceback" not in body["error"]
    return str(body["error"])


def test_answers_with_the_seeds_three_keys(api: TestClient) -> None:
    response = api.post("/translate", json={"text": SENTENCE})
    assert response.status_code == 200
    body = response.json()
    assert list(body) == ["input", "output", "latency_ms"]
    assert body["input"] == SENTENCE
    assert "China" in body["output"]
    assert round(body["latency_ms"], 2) == body["latency_ms"] > 0


def test_detail_adds_sentences_warnings_and_the_request_id(api: TestClient) -> None:
    text = SENTENCE + "我们今天去北京。"
    headers = {"x-request-id": "test-17"}
    body = api.post("/translate", json={"text": text, "detail": True}, headers=headers).json()
    assert list(body) == ["input", "output", "latency_ms", "sentences", "warnings", "request_id"]
    assert body["request_id"] == "test-17"
    assert len(body["sentences"]) == 2
    for sentence in body["sentences"]:
        assert text[slice(*sentence["source_span"])] == sentence["source"]
        assert body["output"][slice(*sentence["target_span"])] == sentence["target"]
        assert sentence["score"] < 0


def test_says_how_long_each_stage_took(api: TestClient) -> None:
    response = api.post("/translate", json={"text": SENTENCE})
    stages = ["segment", "tokenise", "queue", "decode", "detokenise"]
    given = response.headers["server-timing"].split(", ")
    assert all(re.fullmatch(r"[a-z]+;dur=[\d.]+", part) for part in given)
    assert [part.split(";")[0] for part in given][:5] == stages


def test_translates_an_article_and_keeps_its_lines(api: TestClient) -> None:
    assert len(ARTICLE) >= 2000
    body = api.post("/translate", json={"text": ARTICLE}).json()
    assert body["output"].count("\n") == ARTICLE.count("\n")
    assert len(body["output"]) > len(ARTICLE)


def test_the_same_text_has_the_same_translation_alone_and_in_company(api: TestClient) -> None:
    alone = api.post("/translate", json={"text": SENTENCE}).json()["output"]
    together = api.post("/translate", json={"text": ARTICLE + "\n" + SENTENCE}).json()["output"]
    assert together.endswith("\n" + alone)


@pytest.mark.parametrize("text", ["…!? 😀", "Plain English.", "  indented\n\n\tEnglish  "])
def test_text_without_chinese_comes_back_as_it_is(api: TestClient, text: str) -> None:
    assert api.post("/translate", json={"text": text}).json()["output"] == text


def test_failed_checks_are_tried_again_as_in_one_process(
    api: TestClient, translator: Translator
) -> None:
    text = "\n".join(
        f"第{number}天，公司卖出了{number}.5亿件，请看 https://example.org/{number}。"
        for number in range(2, 12)
    )
    response = api.post("/translate", json={"text": text})
    expected = translator.translate(text).text
    assert response.json()["output"] == expected
    assert all(f"https://example.org/{number}" in expected for number in range(2, 12))
    assert "retry;dur=" in response.headers["server-timing"]


def test_names_of_models_choose_and_unknown_ones_are_refused(api: TestClient) -> None:
    known = api.post("/translate", json={"text": SENTENCE, "model": "csanmt-zh-en-tiny"})
    assert known.status_code == 200
    unknown = api.post("/translate", json={"text": SENTENCE, "model": "no-such"})
    assert (
        error(unknown, 400)
        == "Invalid request: the model is not served; served are: csanmt-zh-en-tiny"
    )


def test_fields_that_nobody_reads_are_ignored(api: TestClient) -> None:
    assert api.post("/translate", json={"text": SENTENCE, "format": "text"}).status_code == 200


@pytest.mark.parametrize("text", ["", " \n\t", "　", "\u200b\ufeff"])
def test_empty_text_is_the_seeds_400(api: TestClient, text: str) -> None:
    assert error(api.post("/translate", json={"text": text}), 400) == "Empty input"


@pytest.mark.parametrize(
    ("body", "mistake"),
    [
        (b"", "the body is not JSON"),
        (b"{", "the body is not JSON"),
        (b'{"text": "\xe4\xb8', "the body is not UTF-8"),
        (b'{"text": NaN}', "the body is not JSON"),
        (b'{"text": "x", "other": Infinity}', "the body is not JSON"),
        (b'{"text": "x",}', "the body is not JSON"),
        (b'{"text": "\x01"}', "the body is not JSON"),
        (b"[" * 100_000, "the body is nested too deeply"),
        (b'{"text":' + b"[" * 100_000, "the body is nested too deeply"),
        (b"9" * 10_000, "the body is not a JSON object"),
        (b'{"text": ' + b"9" * 10_000 + b"}", "text must be a string"),
        (b'"text"', "the body is not a JSON object"),
        (b"[]", "the body is not a JSON object"),
        (b"null", "the body is not a JSON object"),
        (b"{}", "missing text parameter"),
        (b'{"Text": "x"}', "missing text parameter"),
        (b'{"text": null}', "text must be a string"),
        (b'{"text": 1}', "text must be a string"),
        (b'{"text": ["x"]}', "text must be a string"),
        (b'{"text": {"text": "x"}}', "text must be a string"),
        (b'{"text": "x", "detail": "yes"}', "detail must be true or false"),
        (b'{"text": "x", "detail": 1}', "detail must be true or false"),
        (b'{"text": "x", "model": 1}', "model must be a string"),
        (
            b'{"text": "x", "split_sentences": "0"}',
            "split_sentences must be 'on', 'off' or 'nonewlines'",
        ),
        (
            b'{"text": "x", "split_sentences": true}',
            "split_sentences must be 'on', 'off' or 'nonewlines'",
        ),
        (b'{"text": "\\ud800"}', "text holds a NUL character or half of a surrogate pair"),
        (b'{"text": "x\\udfff\\ud800y"}', "text holds a NUL character or half of a surrogate pair"),
        (b'{"text": "\\u0000"}', "text holds a NUL character or half of a surrogate pair"),
        (
            b'{"text": "x", "model": "\\ud800"}',
            "the model is not served; served are: csanmt-zh-en-tiny",
        ),
    ],
)
def test_a_malformed_request_is_a_400_that_says_why(
    api: TestClient, body: bytes, mistake: str
) -> None:
    assert error(post(api, body), 400) == f"Invalid request: {mistake}"


def test_a_field_that_is_null_is_as_if_it_were_not_there(api: TestClient) -> None:
    nothing = {"detail": None, "model": None, "split_sentences": None}
    body = api.post("/translate", json={"text": SENTENCE, **nothing}).json()
    assert list(body) == ["input", "output", "latency_ms"]


@pytest.mark.parametrize("integer", [b"9" * 5_000, b"-" + b"9" * 5_000])
def test_integers_of_any_length_are_json(api: TestClient, integer: bytes) -> None:
    assert post(api, b'{"text": "\xe4\xbd\xa0", "other": %s}' % integer).status_code == 200


def test_a_byte_order_mark_before_the_body_is_passed_over(api: TestClient) -> None:
    assert post(api, b'\xef\xbb\xbf{"text": "\xe4\xbd\xa0"}').json()["input"] == "你"


def test_sentences_end_where_the_request_says(api: TestClient, translator: Translator) -> None:
    text = "今天天气\n很好。我们去北京。"
    outputs = {}
    for splitting in ("on", "off", "nonewlines"):
        given = {"text": text, "split_sentences": splitting}
        outputs[splitting] = api.post("/translate", json=given).json()["output"]
        assert outputs[splitting] == translator.translate(text, split_sentences=splitting).text
    assert "\n" in outputs["on"] and "\n" not in outputs["off"] + outputs["nonewlines"]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"content-type": ""},
        {"content-type": "text/plain"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "application/jsonp"},
        {"content-type": "text/plain; application/json"},
    ],
)
def test_a_body_that_is_not_declared_as_json_is_a_415(
    api: TestClient, headers: dict[str, str]
) -> None:
    response = api.post("/translate", content=json.dumps({"text": "x"}), headers=headers)
    assert error(response, 415) == "Content-Type must be application/json"


@pytest.mark.parametrize(
    "declared", ["application/json; charset=utf-8", "Application/JSON", " application/json ;x=y"]
)
def test_json_may_be_declared_with_parameters(api: TestClient, declared: str) -> None:
    headers = {"content-type": declared, "content-encoding": "identity"}
    response = api.post("/translate", content=json.dumps({"text": "x"}), headers=headers)
    assert response.status_code == 200


def test_a_compressed_body_is_a_415_that_says_so(api: TestClient) -> None:
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    body = gzip.compress(json.dumps({"text": "x"}).encode())
    response = api.post("/translate", content=body, headers=headers)
    assert error(response, 415) == "Content-Encoding is not supported: send the body as it is"


def test_a_lone_surrogate_in_a_field_that_nobody_reads_does_no_harm(api: TestClient) -> None:
    assert post(api, b'{"text": "\xe4\xbd\xa0", "other": "\\ud800"}').status_code == 200


def test_too_many_characters_are_a_413_that_names_the_limit(api: TestClient) -> None:
    response = api.post("/translate", json={"text": "好" * 20_001})
    assert error(response, 413) == "The text has 20001 characters, more than the limit of 20000"


def test_a_body_that_is_too_large_is_a_413_that_names_the_limit(api: TestClient) -> None:
    response = api.post("/translate", json={"text": "x" * 10_000_000})
    assert error(response, 413) == "The body is larger than the limit of 300000 bytes"
    assert response.headers["connection"] == "close"


def test_an_internal_error_has_the_requests_id(translation_service: TranslationService) -> None:
    access = Access(translation_service.store.keys, required=False)
    response = Seed(translation_service, access).render(Internal(), "r-1")
    assert response.status_code == 500
    assert json.loads(bytes(response.body)) == {"error": "Internal error", "request_id": "r-1"}


def test_unknown_routes_and_methods_are_json(api: TestClient) -> None:
    assert error(api.get("/nowhere"), 404) == "Not found"
    assert error(api.post("/translate/", json={"text": "x"}), 404) == "Not found"
    wrong = api.get("/translate")
    assert error(wrong, 405) == "Method not allowed"
    assert wrong.headers["allow"] == "POST"
    assert error(api.request("TRACE", "/livez"), 405) == "Method not allowed"


def test_openapi_describes_translate_with_its_errors(api: TestClient) -> None:
    document = api.get("/openapi.json").json()
    operation = document["paths"]["/translate"]["post"]
    request = operation["requestBody"]["content"]["application/json"]["schema"]
    assert request["required"] == ["text"]
    assert set(request["properties"]) == {"text", "detail", "model", "split_sentences"}
    assert request["properties"]["model"]["anyOf"][0]["enum"] == ["csanmt-zh-en-tiny"]
    schemas = document["components"]["schemas"]
    answer = operation["responses"]["200"]["content"]["application/json"]["schema"]["$ref"]
    assert schemas[answer.rpartition("/")[2]]["required"] == ["input", "output", "latency_ms"]
    for status in ("400", "408", "413", "415", "422", "500", "503"):
        refused = operation["responses"][status]["content"]["application/json"]["schema"]["$ref"]
        assert schemas[refused.rpartition("/")[2]]["required"] == ["error"]
    assert "HTTPValidationError" not in schemas  # the framework's own 422
