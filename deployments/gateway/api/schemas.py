"""What the API's requests and answers look like. Spans are half-open, in code points."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from pipeline.text.sentences import Splitting

EXAMPLE = "中国的科技创新能力正在快速提升。"
REQUEST_ID = "4e083834-4292-41a2-8268-52d1c4d6497d"
Text = Annotated[str, Field(strict=True)]


class Options(BaseModel):
    """What requests for translations may ask for. A field that is null is as one not there."""

    model_config = ConfigDict(extra="forbid", strict=True)

    source: str | None = Field(
        default=None,
        max_length=64,
        description="Language of the text, in any spelling (`zh`, `zh-CN`, `zh_TW`, `cmn`, …), or"
        " `auto`: found out by its script, and a text that is in none of the models' languages"
        " comes back as it is. By default the model's",
    )
    target: str | None = Field(
        default=None,
        max_length=64,
        description="Its language; by default the model's",
    )
    model: str | None = Field(
        default=None, max_length=200, description="Name of a model that is served (`/v1/models`)"
    )
    split_sentences: Splitting | None = Field(
        default=None,
        description="Where sentences end: at their marks and at line ends (`on`, the default),"
        " nowhere (`off`), or at their marks only, so that wrapped lines are joined (`nonewlines`)",
    )
    beam: int | None = Field(
        default=None, ge=1, description="Beam size; by default the model's. Larger ones cost more"
    )
    glossary_id: str | None = Field(
        default=None,
        max_length=64,
        description="A glossary (`/v1/glossaries`), whose terms become what it says",
    )
    alternatives: int | None = Field(
        default=None, ge=0, description="Other translations of each sentence, at most; 0 by default"
    )


class TranslateRequest(Options):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"text": EXAMPLE}, {"text": [EXAMPLE, "你好。"]}]}
    )

    text: Text | Annotated[list[Text], Field(min_length=1)] = Field(
        description="A text of any number of lines, or a list of texts"
    )
    format: Literal["text", "html", "markdown"] | None = Field(
        default=None,
        description="`text`, the default; of `html` and `markdown` only what is read is translated,"
        " and tags, addresses and code stay",
    )


class StreamRequest(Options):
    model_config = ConfigDict(json_schema_extra={"examples": [{"text": EXAMPLE}]})

    text: Text = Field(description="A text of any number of lines")


class Sentence(BaseModel):
    """One sentence and its translation."""

    source: str
    target: str
    source_span: tuple[int, int] | None = Field(description="null for HTML and Markdown")
    target_span: tuple[int, int] | None = Field(description="null for HTML and Markdown")
    score: float | None = Field(
        description="Length-normalised log-probability; null where no model was asked"
    )
    warnings: list[str] = Field(description="Checks that the translation fails (docs/text.md)")
    alternatives: list[str] = Field(description="Other translations, best first, where asked for")


class Found(BaseModel):
    """The language that was found for `source: auto`."""

    language: str = Field(description="`zh-Hans`, `zh-Hant`, `ja`, `ko`, `en`, or `und`: not known")
    confidence: float = Field(ge=0, le=1)


class Term(BaseModel):
    """A term of the glossary, and what it becomes."""

    source: str
    target: str


class OneTranslation(BaseModel):
    """The translation of one text."""

    text: str
    model: str | None = Field(description="Who translated; null where the text stays as it was")
    detected: Found | None = Field(description="Only with `source: auto`")
    sentences: list[Sentence]
    warnings: list[str]
    applied_terms: list[Term] = Field(description="Of the glossary, that the translation has")
    missed_terms: list[Term] = Field(description="Of the glossary, that some sentence lacks")


class Failed(BaseModel):
    """Why one text of a list was not translated."""

    index: int = Field(description="Its place in the list, from 0")
    code: str
    error: str
    limit: int | float | None = None


class Timings(BaseModel):
    """Milliseconds within the service: in all, and in each stage with its queue."""

    total_ms: float
    stages: dict[str, float]


class TranslateResponse(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "translations": [
                        {
                            "text": "We went to Beijing today.",
                            "model": "csanmt-zh-en-tiny",
                            "detected": None,
                            "sentences": [
                                {
                                    "source": "我们今天去北京。",
                                    "target": "We went to Beijing today.",
                                    "source_span": [0, 8],
                                    "target_span": [0, 25],
                                    "score": -0.99,
                                    "warnings": [],
                                    "alternatives": [],
                                }
                            ],
                            "warnings": [],
                            "applied_terms": [],
                            "missed_terms": [],
                        }
                    ],
                    "errors": [],
                    "timings": {"total_ms": 21.4, "stages": {"queue": 0.4, "decode": 19.8}},
                    "request_id": REQUEST_ID,
                }
            ]
        }
    )

    translations: list[OneTranslation | None] = Field(
        description="One for each text, in order; null where `errors` says why there is none"
    )
    errors: list[Failed]
    timings: Timings
    request_id: str


class StreamedSentence(Sentence):
    """The data of an event `sentence`."""

    index: int
    before: str = Field(description="What stands between the target before and this one")


class StreamEnd(BaseModel):
    """The data of the event `done`, the last one."""

    sentences: int
    after: str = Field(description="What stands after the last target")
    applied_terms: list[Term]
    missed_terms: list[Term]
    model: str | None
    detected: Found | None
    warnings: list[str]
    timings: Timings
    request_id: str


class Error(BaseModel):
    """What is answered in place of a translation."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"error": "Empty input", "code": "empty_text", "request_id": REQUEST_ID},
            ]
        }
    )

    error: str = Field(description="One sentence")
    code: str | None = Field(default=None, description="Its name for programs")
    limit: int | float | None = Field(
        default=None, description="What was passed, where it is a limit"
    )
    request_id: str | None = None
