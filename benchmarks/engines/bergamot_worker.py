"""Bergamot, in the Python 3.10 that its last wheels are for; it imports nothing of ours.

    python3.10 bergamot_worker.py MODEL VOCABULARY [SHORTLIST]

Reads a line of JSON a request and answers with one: `translate` with lines, the factor that
bounds their translations and the beam; `spent`; `peak`.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import site
import sys
import time
from pathlib import Path
from typing import Any


def extension() -> Any:
    """Bergamot's library; `import bergamot` would call a server."""
    folders = (Path(place) / "bergamot" for place in site.getsitepackages())
    (library,) = (path for folder in folders for path in folder.glob("_bergamot*.so"))
    spec = importlib.util.spec_from_file_location("_bergamot", library)
    if spec is None or spec.loader is None:
        raise ImportError(str(library))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Worker:
    """One thread of it."""

    def __init__(self, model: str, vocabulary: str, shortlist: str | None) -> None:
        self._library = extension()
        self._service = self._library.Service(self._library.ServiceConfig(numWorkers=1))
        self._files: dict[str, Any] = {"models": [model], "vocabs": [vocabulary, vocabulary]}
        if shortlist:
            self._files["shortlist"] = [shortlist, False]
        self._opened: tuple[Any, Any] = (None, None)

    def translate(self, lines: list[str], factor: float, beam: int) -> list[int]:
        """Translate lines together, each up to `factor` times its tokens; their numbers of words.

        As one text: it would begin with the first of several.
        """
        if self._opened[0] != (factor, beam):
            self._opened = (factor, beam), self._open(factor, beam)
        texts = self._library.VectorString(["\n".join(lines)])
        options = self._library.ResponseOptions()
        (found,) = self._service.translate(self._opened[1], texts, options)
        return [len(line.split()) for line in found.target.text.split("\n")]

    def _open(self, factor: float, beam: int) -> Any:
        """The model, as Firefox runs it."""
        settings = {
            "bergamot-mode": "native",
            "ssplit-mode": "sentence",
            "beam-size": beam,
            "normalize": 1.0,
            "word-penalty": 0,
            "max-length-break": 128,
            "max-length-factor": factor,
            "mini-batch-words": 4096,
            "workspace": 128,
            "skip-cost": True,
            "cpu-threads": 1,
            "quiet": True,
            "quiet-translation": True,
            "gemm-precision": "int8shiftAlphaAll",
        }
        return self._service.modelFromConfig(json.dumps(settings | self._files))

    def spent(self) -> float:
        """Seconds of CPU of all its threads."""
        return time.process_time()

    def peak(self) -> int:
        """Its largest resident size in bytes."""
        status = Path("/proc/self/status").read_text(encoding="utf-8")
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        return int(found[1]) * 1024 if found else 0


def main() -> None:
    """Answer until the requests end."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what its libraries print is no answer
    model, vocabulary, *shortlist = sys.argv[1:]
    worker = Worker(model, vocabulary, shortlist[0] if shortlist else None)
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        print(json.dumps(getattr(worker, name)(*arguments)), file=answers, flush=True)


if __name__ == "__main__":
    main()
