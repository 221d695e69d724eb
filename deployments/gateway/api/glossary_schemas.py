"""What requests and answers about glossaries look like."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from pipeline.glossary import Format


class GlossaryRequest(BaseModel):
    """A glossary as it is made, or what replaces one."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={
            "examples": [{"name": "products", "entries": {"达摩院": "DAMO Academy"}}]
        },
    )

    name: str = Field(min_length=1, max_length=200)
    entries: str | dict[str, str] = Field(
        description="Terms with their translations, or the text of a file of such"
    )
    format: Format = Field(default="tsv", description="Of that text")
    source: str = Field(default="zh", max_length=64)
    target: str = Field(default="en", max_length=64)


class Glossary(BaseModel):
    """A glossary without its entries."""

    id: str
    name: str
    source: str
    target: str
    created: datetime
    entry_count: int


class GlossaryDetail(Glossary):
    entries: dict[str, str]


class GlossaryList(BaseModel):
    glossaries: list[Glossary]
