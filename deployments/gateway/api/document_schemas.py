"""What requests and answers about documents look like."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field


class DocumentOptions(BaseModel):
    """How a document is to be translated."""

    model_config = ConfigDict(extra="forbid", strict=True)

    source: str | None = Field(default=None, max_length=64, description="As for texts")
    target: str | None = Field(default=None, max_length=64, description="As for texts")
    model: str | None = Field(default=None, max_length=200, description="As for texts")
    glossary_id: str | None = Field(default=None, max_length=64, description="As for texts")


class DocumentRequest(DocumentOptions):
    """A form; the kind of file is told by its name."""

    file: str = Field(json_schema_extra={"format": "binary"}, description="The document")


class DocumentTicket(BaseModel):
    """A document that is translated in the background."""

    id: str
    key: str = Field(description="Asks for it, as `X-Document-Key`; it is shown once")
    state: str
    name: str


class DocumentStatus(BaseModel):
    """How far it is."""

    id: str
    name: str
    state: str = Field(description="`queued`, `running`, `done`, `failed` or `expired`")
    done: int = Field(description="Characters that are translated")
    total: int = Field(description="Characters to translate; 0 until that is known")
    error: str | None = Field(description="The code of what went wrong")
    notes: list[str] = Field(description="What its reader should know, such as a layout left out")
    expires: datetime | None = Field(description="When it is deleted")
