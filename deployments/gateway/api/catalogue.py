"""What is served."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel

from pipeline import bundle

NAMES = {"zh": "Chinese", "en": "English", "zh-Hans": "Simplified Chinese"}
NAMES |= {"zh-Hant": "Traditional Chinese", "ja": "Japanese", "ko": "Korean"}
SCRIPTS = {"zh": ("zh-Hans", "zh-Hant")}  # that a source language is read in


class Language(BaseModel):
    code: str
    name: str
    targets: list[str]


class Languages(BaseModel):
    languages: list[Language]


class Model(BaseModel):
    name: str
    source: str
    target: str
    default: bool


class Models(BaseModel):
    models: list[Model]


def languages(served: Mapping[str, bundle.Languages]) -> Languages:
    """All sources with their targets, then what is only a target."""
    targets: dict[str, dict[str, None]] = {}
    for pair in served.values():
        for code in (pair.source, *SCRIPTS.get(pair.source, ())):
            targets.setdefault(code, {})[pair.target] = None
    for pair in served.values():
        targets.setdefault(pair.target, {})
    return Languages(
        languages=[
            Language(code=code, name=NAMES.get(code, code), targets=list(found))
            for code, found in targets.items()
        ]
    )


def models(served: Mapping[str, bundle.Languages]) -> Models:
    """Their names and languages."""
    return Models(
        models=[
            Model(name=name, source=pair.source, target=pair.target, default=place == 0)
            for place, (name, pair) in enumerate(served.items())
        ]
    )
