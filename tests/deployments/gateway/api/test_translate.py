"""POST /translate through the real service."""

from __future__ import annotations

import json
import re
import socket
from typing import Any

import httpx
import pytest

from benchmarks.support.service import ROOT
from pipeline.config import DEFAULT_MODEL
from pipeline.translator import Translator

SENTENCE = "中国的科技创新能力正在快速提升。"
ARTICLE = (ROOT / "tests/data/article.zh.txt").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def client(service_url: str) -> Any:
    with httpx.Client(base_url=service_url, timeout=60) as client:
        yield client


def post(client: httpx.Client, body: bytes | str) -> httpx.Response:
    return client.post("/translate", content=body, headers={"content-type": "application/json"})


def error(response: httpx.Response, status: int) -> str:
    """The sentence of an error in this service's form."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    body = response.json()
    assert list(body) == ["error"]
    assert body["error"] and "Traceback" not in body["error"]
    return str(body["error"])


def test_answers_with_the_seeds_three_keys(client: httpx.Client) -> None:
    response = client.post("/translate", json={"text": SENTENCE})
    assert response.status_code == 200
    body = response.json()
    assert list(body) == ["input", "output", "latency_ms"]
    assert body["input"] == SENTENCE
    assert re.search(r"China", body["output"])
    assert round(body["latency_ms"], 2) == body["latency_ms"] > 0


def test_detail_adds_sentences_warnings_and_the_request_id(client: httpx.Client) -> None:
    text = SENTENCE + "我们今天去北京。"
    headers = {"x-request-id": "test-17"}
    response = client.post("/translate", json={"text": text, "detail": True}, headers=headers)
    body = response.json()
    assert list(body) == ["input", "output", "latency_ms", "sentences", "warnings", "request_id"]
    assert body["request_id"] == "test-17"
    assert len(body["sentences"]) == 2
    for sentence in body["sentences"]:
        assert text[slice(*sentence["source_span"])] == sentence["source"]
        assert body["output"][slice(*sentence["target_span"])] == sentence["target"]
        assert sentence["score"] < 0


def test_a_request_id_is_returned_once_made_where_none_was_sent(client: httpx.Client) -> None:
    sent = client.post("/translate", json={"text": SENTENCE}, headers={"x-request-id": "abc-1"})
    made = client.post("/translate", json={"text": ""})
    assert sent.headers.get_list("x-request-id") == ["abc-1"]
    assert len(made.headers.get_list("x-request-id")) == 1


def test_tells_how_long_each_stage_took(client: httpx.Client) -> None:
    response = client.post("/translate", json={"text": SENTENCE})
    assert re.fullmatch(
        r"prepare;dur=[\d.]+, translate;dur=[\d.]+, finish;dur=[\d.]+(, retry;dur=[\d.]+)?",
        response.headers["server-timing"],
    )


def test_translates_an_article_and_keeps_its_lines(client: httpx.Client) -> None:
    assert len(ARTICLE) >= 2000
    body = client.post("/translate", json={"text": ARTICLE}).json()
    assert body["output"].count("\n") == ARTICLE.count("\n")
    assert len(body["output"]) > len(ARTICLE)


def test_the_same_text_has_the_same_translation_alone_and_in_company(client: httpx.Client) -> None:
    alone = client.post("/translate", json={"text": SENTENCE}).json()["output"]
    together = client.post("/translate", json={"text": ARTICLE + "\n" + SENTENCE}).json()["output"]
    assert together.endswith("\n" + alone)


def test_text_without_chinese_comes_back_as_it_is(client: httpx.Client) -> None:
    assert client.post("/translate", json={"text": "…!? 😀"}).json()["output"].strip()


def test_names_of_models_choose_and_unknown_ones_are_refused(client: httpx.Client) -> None:
    known = client.post("/translate", json={"text": SENTENCE, "model": "csanmt-zh-en-tiny"})
    assert known.status_code == 200
    unknown = client.post("/translate", json={"text": SENTENCE, "model": "no-such"})
    assert (
        error(unknown, 400)
        == "Invalid request: the model is not served; served are: csanmt-zh-en-tiny"
    )


def test_fields_that_nobody_reads_are_ignored(client: httpx.Client) -> None:
    assert client.post("/translate", json={"text": SENTENCE, "format": "text"}).status_code == 200


@pytest.mark.parametrize("text", ["", " \n\t", "　"])
def test_empty_text_is_the_seeds_400(client: httpx.Client, text: str) -> None:
    assert error(client.post("/translate", json={"text": text}), 400) == "Empty input"


@pytest.mark.parametrize(
    ("body", "mistake"),
    [
        (b"", "the body is not JSON"),
        (b"{", "the body is not JSON"),
        (b'{"text": "\xe4\xb8', "the body is not UTF-8"),
        (b'\xef\xbb\xbf{"text": "x"}', "the body is not JSON"),
        (b'{"text": NaN}', "the body is not JSON"),
        (b'{"text": "x", "other": Infinity}', "the body is not JSON"),
        (b'{"text": "x",}', "the body is not JSON"),
        (b'{"text": "\x01"}', "the body is not JSON"),
        (b"[" * 100_000, "the body is nested too deeply"),
        (b'{"text":' + b"[" * 100_000, "the body is nested too deeply"),
        (b"9" * 10_000, "the body is not JSON"),
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
    client: httpx.Client, body: bytes, mistake: str
) -> None:
    assert error(post(client, body), 400) == f"Invalid request: {mistake}"


def test_a_lone_surrogate_in_a_field_that_nobody_reads_does_no_harm(client: httpx.Client) -> None:
    assert post(client, b'{"text": "\xe4\xbd\xa0", "other": "\\ud800"}').status_code == 200


def test_too_many_characters_are_a_413_that_names_the_limit(client: httpx.Client) -> None:
    response = client.post("/translate", json={"text": "好" * 20_001})
    assert error(response, 413) == "The text has 20001 characters, more than the limit of 20000"


def test_unknown_routes_and_methods_are_json(client: httpx.Client) -> None:
    assert error(client.get("/nowhere"), 404) == "Not found"
    assert error(client.post("/translate/", json={"text": "x"}), 404) == "Not found"
    wrong = client.get("/translate")
    assert error(wrong, 405) == "Method not allowed"
    assert wrong.headers["allow"] == "POST"
    assert error(client.request("TRACE", "/livez"), 405) == "Method not allowed"


def exchange(service_url: str, *pieces: bytes) -> bytes:
    """What the service answers to bytes as they are sent."""
    url = httpx.URL(service_url)
    with socket.create_connection((url.host, url.port), timeout=30) as connection:
        for piece in pieces:
            connection.sendall(piece)
        return read_answer(connection)


def read_answer(connection: socket.socket) -> bytes:
    """Status line, headers and a body of the announced length."""
    answer = b""
    while b"\r\n\r\n" not in answer and (piece := connection.recv(65_536)):
        answer += piece
    head, _, body = answer.partition(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head)
    while length and len(body) < int(length[1]) and (piece := connection.recv(65_536)):
        body += piece
    return head + b"\r\n\r\n" + body


HEAD = b"POST /translate HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\n"


def test_a_large_body_is_refused_before_it_is_sent(service_url: str) -> None:
    answer = exchange(service_url, HEAD + b"content-length: 10000000\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b'{"error":"The body is larger than the limit of 4000000 bytes"}' in answer


def test_a_large_body_without_a_length_is_refused_while_it_is_sent(service_url: str) -> None:
    chunk = b"%x\r\n%s\r\n" % (100_000, b" " * 100_000)
    answer = exchange(service_url, HEAD + b"transfer-encoding: chunked\r\n\r\n", *[chunk] * 41)
    assert answer.startswith(b"HTTP/1.1 413 ")


def test_ten_megabytes_are_refused_and_the_next_request_served(client: httpx.Client) -> None:
    response = client.post("/translate", json={"text": "x" * 10_000_000})
    assert error(response, 413) == "The body is larger than the limit of 4000000 bytes"
    assert client.post("/translate", json={"text": SENTENCE}).status_code == 200


def test_a_slow_sender_is_cut_off_and_others_are_served_meanwhile(
    service_url: str, client: httpx.Client
) -> None:
    url = httpx.URL(service_url)
    slow = [socket.create_connection((url.host, url.port), timeout=30) for _ in range(100)]
    try:
        for connection in slow:
            connection.sendall(HEAD + b"content-length: 1000\r\n\r\n{")
        assert client.post("/translate", json={"text": SENTENCE}).status_code == 200
        for connection in slow:
            assert read_answer(connection).startswith(b"HTTP/1.1 408 ")
    finally:
        for connection in slow:
            connection.close()


def test_a_chunked_request_is_served(service_url: str) -> None:
    body = json.dumps({"text": SENTENCE}).encode()
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in body) + b"0\r\n\r\n"
    answer = exchange(service_url, HEAD + b"transfer-encoding: chunked\r\n\r\n" + chunks)
    assert answer.startswith(b"HTTP/1.1 200 ")


def test_what_is_not_http_gets_400(service_url: str) -> None:
    answer = exchange(service_url, b"\x16\x03\x01\x00\xa5 not http\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ")


def test_failed_checks_are_tried_again_as_in_one_process(client: httpx.Client) -> None:
    text = "\n".join(
        f"第{number}天，公司卖出了{number}.5亿件，请看 https://example.org/{number}。"
        for number in range(2, 12)
    )
    response = client.post("/translate", json={"text": text})
    with Translator.load(DEFAULT_MODEL) as translator:
        expected = translator.translate(text).text
    assert response.json()["output"] == expected
    assert all(f"https://example.org/{number}" in expected for number in range(2, 12))
    assert "retry;dur=" in response.headers["server-timing"]
