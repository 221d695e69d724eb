"""Bergamot, the engine of Firefox, in a process and an environment of its own.

Its wheels end at Python 3.10. It is asked for translations of one length by the only limit that it
has, a multiple of a source's tokens.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from benchmarks.engines.invented import text
from benchmarks.engines.runners import Sources
from benchmarks.engines.students import MODEL, SHORTLIST, VOCABULARY
from pipeline.errors import UserError

VERSION = "0.4.5"
PYTHON = "3.10"
WORKER = Path(__file__).with_name("bergamot_worker.py")
PACKAGE = f"bergamot=={VERSION}"


def environment(folder: Path) -> Path:
    """The Python of an environment with Bergamot, made in `folder` if it is not there.

    Raises UserError where there is no Python 3.10, or no registry.
    """
    python = folder / "bin" / "python"
    if not (folder / "ready").exists():
        shutil.rmtree(folder, ignore_errors=True)
        for command in _commands(folder, python):
            _run(command)
        (folder / "ready").touch()
    return python


def _commands(folder: Path, python: Path) -> list[list[str]]:
    """What makes the environment: uv, which fetches a Python that is missing, or that Python."""
    if uv := shutil.which("uv"):
        install = [uv, "pip", "install", "--quiet", "--no-deps", "--python", str(python), PACKAGE]
        return [[uv, "venv", "--quiet", "--python", PYTHON, str(folder)], install]
    install = [str(python), "-m", "pip", "install", "--quiet", "--no-deps", PACKAGE]
    return [[f"python{PYTHON}", "-m", "venv", str(folder)], install]


def _run(command: list[str]) -> None:
    # pyenv's python3.10 asks for it.
    variables = os.environ | {"PYENV_VERSION": PYTHON}
    try:
        subprocess.run(command, env=variables, capture_output=True, text=True, check=True)
    except FileNotFoundError:
        raise UserError(f"there is no {command[0]}: install it, or uv") from None
    except subprocess.CalledProcessError as error:
        lines = error.stderr.strip().splitlines() or [f"exit status {error.returncode}"]
        raise UserError(f"{' '.join(command[:4])} failed: {lines[-1].strip()}") from None


class Bergamot:
    """A process that translates with one thread, and is told of no shortlist unless asked to."""

    def __init__(self, python: Path, student: Path, shortlist: bool = False) -> None:
        files = [student / name for name in (MODEL, VOCABULARY, *[SHORTLIST] * shortlist)]
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115  # `close` does
        self._process = subprocess.Popen(
            [str(python), str(WORKER), *map(str, files)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )

    def translate(self, sources: Sources, beam: int, lengths: Sequence[int]) -> list[int]:
        """Translate sources of one length to the same number of tokens."""
        (tokens,), (length,) = set(map(len, sources)), set(lengths)
        # The limit is rounded up, and a source's tokens include its end symbol.
        factor = (length - 0.5) / (tokens + 1)
        found: list[int] = self._ask("translate", [text(ids) for ids in sources], factor, beam)
        return found

    def cpu_seconds(self) -> float:
        """What it has taken so far."""
        return float(self._ask("spent"))

    def peak_mb(self) -> float:
        """Its largest resident size so far."""
        return int(self._ask("peak")) / 1e6

    def close(self) -> None:
        """End the process."""
        self._process.communicate()
        self._errors.close()

    def _ask(self, *request: Any) -> Any:
        pipe, answers = self._process.stdin, self._process.stdout
        assert pipe
        assert answers
        try:
            print(json.dumps(request), file=pipe, flush=True)
            return json.loads(answers.readline())
        except (BrokenPipeError, ValueError):
            self._process.kill()
            self._process.wait()
            self._errors.seek(0)
            lines = self._errors.read().splitlines()
            errors = [line for line in lines if "Error" in line] or lines or ["it said nothing"]
            raise UserError(f"Bergamot stopped: {errors[0]}") from None


def peak_mb(engine: Bergamot, sources: Sources, beam: int, length: int) -> float:
    """Peak memory of a new process that translates the sources twice; closes it."""
    with closing(engine):
        for _ in range(2):
            engine.translate(sources, beam, [length] * len(sources))
        return engine.peak_mb()
