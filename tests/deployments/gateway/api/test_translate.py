"""POST /v1/translate in this process, and what is served."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from pipeline.decode.options import DecodingOptions
from pipeline.translator import Translator

ONE = "中国的科技创新能力正在快速提升。"
TWO = "我们今天去北京。"
NAME = "csanmt-zh-en-tiny"


def ask(api: TestClient, status: int = 200, **fields: Any) -> Any:
    response = api.post("/v1/translate", json=fields)
    assert response.status_code == status, response.text
    return response.json()


def refused(api: TestClient, status: int, code: str, **fields: Any) -> str:
    """The sentence of an error."""
    body = ask(api, status, **fields)
    assert body["code"] == code and body["request_id"]
    return str(body["error"])


def test_a_text_has_its_sentences_and_says_who_translated(
    api: TestClient, translator: Translator
) -> None:
    expected = translator.translate(ONE + TWO)
    response = api.post(
        "/v1/translate", json={"text": ONE + TWO}, headers={"x-request-id": "test-18"}
    )
    body = response.json()
    (found,) = body["translations"]
    assert found["text"] == expected.text and found["model"] == NAME and not found["detected"]
    assert [x["target"] for x in found["sentences"]] == [x.target for x in expected.sentences]
    for sentence in found["sentences"]:
        assert (ONE + TWO)[slice(*sentence["source_span"])] == sentence["source"]
        assert found["text"][slice(*sentence["target_span"])] == sentence["target"]
        assert sentence["score"] < 0 and sentence["alternatives"] == []
    assert body["errors"] == [] and body["request_id"] == "test-18"
    assert set(body["timings"]["stages"]) >= {
        "queue",
        "segment",
        "tokenise",
        "decode",
        "detokenise",
    }
    assert "decode;dur=" in response.headers["server-timing"]


def test_a_list_is_answered_as_its_texts_alone_and_a_bad_one_fails_alone(
    api: TestClient, translator: Translator
) -> None:
    texts = [f"我们有{number}个苹果。" for number in range(60)]
    body = ask(api, text=[*texts, "坏\0", " ", TWO])
    assert [x["text"] for x in body["translations"] if x] == [
        translator.translate(text).text for text in [*texts, TWO]
    ]
    assert body["translations"][60] is None and body["translations"][61] is None
    assert [(x["index"], x["code"]) for x in body["errors"]] == [
        (60, "malformed_text"),
        (61, "empty_text"),
    ]


def test_a_single_text_that_cannot_be_translated_is_the_requests_error(api: TestClient) -> None:
    refused(api, 400, "malformed_text", text="坏\0")
    refused(api, 400, "empty_text", text=" ")


def test_alternatives_are_those_of_the_beam_and_bounded(
    api: TestClient, translator: Translator
) -> None:
    body = ask(api, text=ONE, alternatives=3)
    (sentence,) = body["translations"][0]["sentences"]
    assert 1 <= len(sentence["alternatives"]) <= 3
    assert sentence["target"] not in sentence["alternatives"]
    assert len(set(sentence["alternatives"])) == len(sentence["alternatives"])
    assert sentence["target"] == translator.translate(ONE).text
    assert "5" in refused(api, 400, "invalid_request", text=ONE, alternatives=6)


def test_a_beam_of_its_own_is_the_engines(api: TestClient, translator: Translator) -> None:
    defaults = translator.engine.defaults
    options = DecodingOptions(**{**_fields(defaults), "beam_size": 1})
    text = "作为一家科技公司，我们把人工智能技术用于医疗领域，帮助医生看病。"
    expected = translator.translate(text, options=options).text
    assert ask(api, text=text, beam=1)["translations"][0]["text"] == expected
    assert "8" in refused(api, 400, "invalid_request", text=text, beam=9)


def _fields(options: DecodingOptions) -> dict[str, Any]:
    return {name: getattr(options, name) for name in DecodingOptions.__dataclass_fields__}


def test_auto_leaves_other_languages_as_they_are_and_says_so(api: TestClient) -> None:
    body = ask(api, text=["你好。", "臺灣的機場", "안녕하세요", "Привет"], source="auto")
    found = body["translations"]
    languages = [x["detected"]["language"] for x in found]
    assert languages == ["zh-Hans", "zh-Hant", "ko", "und"]
    assert [x["model"] for x in found] == [NAME, NAME, None, None]
    assert [x["text"] for x in found[2:]] == ["안녕하세요", "Привет"]
    assert found[2]["warnings"] == ["not_source_language"]


@pytest.mark.parametrize("source", ["", None, "zh", "ZH-HANS", "zh_CN", "zh-TW", "cmn", "zho"])
@pytest.mark.parametrize("target", ["en", "EN-US", "en_GB", None])
def test_every_spelling_of_a_language_is_taken(
    api: TestClient, source: str | None, target: str | None
) -> None:
    assert ask(api, text="你好。", source=source, target=target)["translations"][0]["model"] == NAME


@pytest.mark.parametrize(
    ("fields", "mistake"),
    [
        ({}, "text is missing"),
        ({"text": 1}, "text must be a string or a list"),
        ({"text": []}, "text must hold at least one text"),
        ({"text": ["好", 2]}, "text[1] must be a string"),
        ({"text": None}, "text must be a string or a list"),
        ({"text": "好", "beam": "4"}, "beam must be a whole number"),
        ({"text": "好", "beam": 0}, "beam must be at least 1"),
        ({"text": "好", "alternatives": -1}, "alternatives must be at least 0"),
        ({"text": "好", "split_sentences": "yes"}, "split_sentences must be 'on', 'off' or"),
        ({"text": "好", "alternative": 1}, "alternative is not a field of this request"),
        ({"text": "好", "source": "z" * 65}, "source is longer than 64 characters"),
    ],
)
def test_a_mistake_is_named(api: TestClient, fields: dict[str, Any], mistake: str) -> None:
    assert refused(api, 400, "invalid_request", **fields).startswith(f"Invalid request: {mistake}")


def test_limits_are_named_by_code_and_number(api: TestClient) -> None:
    body = ask(api, 413, text=["好" * 10_000, "好" * 10_001])
    assert (body["code"], body["limit"]) == ("text_too_long", 20_000)
    body = ask(api, 413, text=["好"] * 513)
    assert (body["code"], body["limit"]) == ("too_many_texts", 512)
    response = api.post("/v1/translate", json={"text": "x" * 400_000})
    assert response.status_code == 413
    assert response.json()["code"] == "body_too_large" and response.json()["limit"] == 300_000


def test_unknown_models_and_languages_are_refused(api: TestClient) -> None:
    refused(api, 400, "unknown_model", text="好", model="other")
    refused(api, 400, "unsupported_languages", text="好", source="ja")
    refused(api, 400, "unsupported_languages", text="好", source="auto", target="de")


def test_errors_under_v1_are_the_apis(api: TestClient) -> None:
    missing = api.get("/v1/other")
    assert missing.status_code == 404 and missing.json()["code"] == "not_found"
    wrong = api.get("/v1/translate")
    assert wrong.status_code == 405 and wrong.json()["code"] == "method_not_allowed"
    form = api.post("/v1/translate", data={"text": "好"})
    assert form.status_code == 415 and form.json()["code"] == "unsupported_media_type"


def test_what_is_served_is_listed(api: TestClient) -> None:
    assert api.get("/v1/models").json() == {
        "models": [{"name": NAME, "source": "zh", "target": "en", "default": True}]
    }
    languages = api.get("/v1/languages").json()["languages"]
    assert [(x["code"], x["targets"]) for x in languages] == [
        ("zh", ["en"]),
        ("zh-Hans", ["en"]),
        ("zh-Hant", ["en"]),
        ("en", []),
    ]


def test_of_html_only_what_is_read_is_translated(api: TestClient) -> None:
    page = (
        '<h1>今天</h1>\n<p class="中">我们<b>今天</b>去<a href="/北京?a=1&amp;b=2">北京</a>。</p>'
        "<pre>不变</pre><script>let 中 = 1</script><p>5 &lt; 6 &amp; 7</p>"
    )
    body = ask(api, text=[page, "<p>안녕</p>", " "], format="html", source="auto")
    one, korean, _ = body["translations"]
    for kept in ('<p class="中">', '<a href="/北京?a=1&amp;b=2">', "<pre>不变</pre>"):
        assert kept in one["text"]
    for kept in ("<script>let 中 = 1</script>", "<p>5 &lt; 6 &amp; 7</p>", "<b>", "</b>", "</a>"):
        assert kept in one["text"]
    assert "Beijing" in one["text"] and "我们" not in one["text"]
    assert one["model"] == NAME and one["detected"]["language"] == "zh-Hans"
    assert [x["source_span"] for x in one["sentences"]] == [None] * len(one["sentences"])
    assert korean["text"] == "<p>안녕</p>" and korean["warnings"] == ["not_source_language"]
    assert [(x["index"], x["code"]) for x in body["errors"]] == [(2, "empty_text")]


def test_of_markdown_code_and_addresses_stay(api: TestClient) -> None:
    text = "# 今天\n\n我们**今天**去[北京](https://a.cn/北京)，用`命令`。\n\n```\n不变\n```\n"
    (found,) = ask(api, text=text, format="markdown")["translations"]
    for kept in ("# ", "](https://a.cn/北京)", "`命令`", "```\n不变\n```\n", "**"):
        assert kept in found["text"]
    assert "Beijing" in found["text"]


def test_html_is_bounded_as_texts_are(api: TestClient) -> None:
    refused(api, 413, "text_too_long", text="<p>好</p>" * 3_000, format="html")
    many = "<p>好</p>" + "".join(f"<p>第{n}个</p>" for n in range(600))
    (found,) = ask(api, text=many, format="html")["translations"]
    assert found["text"].count("<p>") == 601
    assert "format must be" in refused(api, 400, "invalid_request", text="好", format="xml")
