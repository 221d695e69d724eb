"""Reading a parallel corpus, and how often its sources are shown (`sources.yaml`).

A corpus is a pair a line: Chinese, TAB, English, TAB, source; plain or compressed (.xz, .gz).
"""

from __future__ import annotations

import gzip
import lzma
import random
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Literal, NamedTuple

import yaml
from pydantic import Field, RootModel, ValidationError

from pipeline.config import Strict
from pipeline.errors import UserError
from quantize.sentences import read_text

SOURCES = Path(__file__).with_name("sources.yaml")
Phase = Literal["first", "general"]


class Pair(NamedTuple):
    """A sentence and its translation."""

    zh: str
    en: str


class Shown(Strict):
    """How often an epoch shows each pair of a source, in each phase; 0 leaves the source out."""

    first: float = Field(ge=0, le=20)
    general: float = Field(ge=0, le=20)


class Sources(RootModel[dict[str, Shown]]):
    """By the name in the corpus's third column."""


def load_weights(phase: Phase, path: Path = SOURCES) -> dict[str, float]:
    """Every listed source's weight in this phase; raises UserError for a file of another form."""
    try:
        listed = Sources.model_validate(yaml.safe_load(read_text(path)))
    except yaml.YAMLError as error:
        raise UserError(f"{path} is no YAML ({str(error).splitlines()[0]}): mend it") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise UserError(f"{path}: {where} {first['msg']}: mend that key") from None
    return {name: getattr(shown, phase) for name, shown in listed.root.items()}


def read_pairs(path: Path, weights: Mapping[str, float], rng: random.Random) -> Iterator[Pair]:
    """The file's pairs, each repeated or left out as its source's weight says.

    Raises UserError for a source without a weight, so that nothing comes in whose licence nobody
    has looked at, and for a file that cannot be read.
    """
    try:
        with _open(path) as lines:
            for number, line in enumerate(lines, 1):
                pair, source = _parse(line, f"{path}, line {number}")
                if source not in weights:
                    raise UserError(
                        f"{path}, line {number}: {source!r} has no weight: "
                        "list it (0 leaves it out)"
                    )
                for _ in range(int(weights[source] + rng.random())):
                    yield pair
    except UnicodeDecodeError:
        raise UserError(f"{path} is not UTF-8: convert it") from None
    except (EOFError, lzma.LZMAError, gzip.BadGzipFile, zlib.error):
        raise UserError(f"{path} is damaged: copy it anew") from None
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}: name a file that can be read") from None


def _parse(line: str, place: str) -> tuple[Pair, str]:
    columns = line.rstrip("\r\n").split("\t")
    if len(columns) != 3:
        raise UserError(f"{place}: expected Chinese, TAB, English, TAB, source")
    zh, en, source = columns
    return Pair(zh, en), source


def _open(path: Path) -> IO[str]:
    # Only \n ends a line: sentences may hold U+2028 and the like.
    if path.suffix == ".xz":
        return lzma.open(path, "rt", encoding="utf-8", newline="\n")
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8", newline="\n")
    return path.open(encoding="utf-8", newline="\n")
