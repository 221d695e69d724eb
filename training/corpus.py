"""Reading a parallel corpus: Chinese, TAB, English, TAB, source; plain or compressed (.xz, .gz)."""

from __future__ import annotations

import gzip
import lzma
import random
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, NamedTuple

from pipeline.errors import UserError


class Pair(NamedTuple):
    zh: str
    en: str


def read_pairs(path: Path, weights: Mapping[str, float], rng: random.Random) -> Iterator[Pair]:
    """The file's pairs, each repeated or left out as its source's weight says.

    Raises UserError for a source without a weight, so that nothing comes in whose licence nobody
    has looked at, and for a file that cannot be read.
    """
    try:
        with _open(path) as lines:
            for number, line in enumerate(lines, 1):
                columns = line.rstrip("\r\n").split("\t")
                if len(columns) != 3:
                    raise UserError(
                        f"{path}, line {number}: expected Chinese, TAB, English, TAB, source"
                    )
                zh, en, source = columns
                if source not in weights:
                    raise UserError(
                        f"{path}, line {number}: {source!r} has no weight: list it (0 leaves it out)"
                    )
                for _ in range(int(weights[source] + rng.random())):
                    yield Pair(zh, en)
    except UnicodeDecodeError:
        raise UserError(f"{path} is not UTF-8: convert it") from None
    except (EOFError, lzma.LZMAError, gzip.BadGzipFile, zlib.error):
        raise UserError(f"{path} is damaged: copy it anew") from None
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}: name a file that can be read") from None


def _open(path: Path) -> IO[str]:
    # Only \n ends a line: sentences may hold U+2028 and the like.
    if path.suffix == ".xz":
        return lzma.open(path, "rt", encoding="utf-8", newline="\n")
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8", newline="\n")
    return path.open(encoding="utf-8", newline="\n")
