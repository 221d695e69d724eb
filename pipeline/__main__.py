"""csanmt: translate Chinese to English on this machine, without a server."""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from pipeline.answer.translation import Translation
from pipeline.config import DEFAULT_MODEL, cpus
from pipeline.decode.engine import EngineSettings
from pipeline.document_translation import is_translated_as_document, translate_document
from pipeline.errors import UserError
from pipeline.files import decoded, from_argument, output, read_bytes
from pipeline.text.sentences import Splitting
from pipeline.translator import Translator

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

MOST = 64  # beams and threads
STANDARD = "-"  # standard input or output, where a file is named


def main(argv: list[str] | None = None, *more: Callable[[Commands], None]) -> int:
    """Run the command that the arguments name, or one that `more` add; returns the exit status."""
    arguments = _parser(*more).parse_args(argv)
    try:
        return int(arguments.run(arguments))
    except UserError as error:
        print(f"csanmt: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _parser(*more: Callable[[Commands], None]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="csanmt", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    translate = commands.add_parser("translate", help="translate a text, a file or standard input")
    translate.add_argument(
        "text", nargs="?", metavar="TEXT", help="what to translate (default, or -: standard input)"
    )
    translate.add_argument(
        "-f",
        "--file",
        type=Path,
        help="translate this file instead: a text, or a document such as report.docx",
    )
    translate.add_argument(
        "-o",
        "--output",
        type=Path,
        help="write here instead of to standard output, or, a document, to NAME.en.EXTENSION",
    )
    translate.add_argument(
        "--force", action="store_true", help="write a document over a file that is there"
    )
    translate.add_argument(
        "--encoding", help="of the file or standard input (default: UTF-8, or what it looks like)"
    )
    translate.add_argument(
        "--model", default=DEFAULT_MODEL, help="bundle to use (default: %(default)s)"
    )
    translate.add_argument("--beam", type=_count, help="beam size (default: the bundle's)")
    translate.add_argument(
        "--length-penalty",
        type=_penalty,
        help="exponent of the length penalty, 0 to 5 (default: the bundle's)",
    )
    translate.add_argument(
        "--split-sentences",
        choices=get_args(Splitting),
        default="on",
        help="whether marks and lines part sentences: off (neither), on (both), nonewlines (only "
        "marks; wrapped lines are joined) (default: %(default)s)",
    )
    translate.add_argument(
        "--threads", type=_count, default=min(cpus(), MOST), help="workers (default: all CPUs)"
    )
    translate.add_argument(
        "--json", action="store_true", help="print sentences, scores and warnings as JSON"
    )
    translate.set_defaults(run=_translate)
    for add in more:
        add(commands)
    return parser


def _count(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= MOST):
        raise argparse.ArgumentTypeError(f"{text}: give a number from 1 to {MOST}")
    return int(text)


def _penalty(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= 5:
        raise argparse.ArgumentTypeError(f"{text}: give a number from 0 to 5")
    return value


def _translate(arguments: argparse.Namespace) -> int:
    if arguments.text is None and arguments.file and is_translated_as_document(arguments.file):
        return _translate_document(arguments)
    text = _source(arguments)
    path = arguments.output if arguments.output != Path(STANDARD) else None
    if path is None:
        _print(_answer(arguments, _translation(arguments, text)))
        return 0
    with output(path) as place:
        translation = _translation(arguments, text)
        place.write(_answer(arguments, translation).encode())
    print(f"{path}: {len(translation.sentences)} sentences", file=sys.stderr)
    return 0


def _translate_document(arguments: argparse.Namespace) -> int:
    for option in ("json", "encoding"):
        if getattr(arguments, option):
            raise UserError(f"--{option} is for plain texts: leave it out")
    if arguments.output == Path(STANDARD):
        raise UserError("a document goes to a file: name it with -o, or leave -o out")
    said = translate_document(
        arguments.file,
        arguments.output,
        lambda texts: _translations(arguments, texts),
        force=arguments.force,
    )
    print(*said, sep="\n", file=sys.stderr)
    return 0


def _translation(arguments: argparse.Namespace, text: str) -> Translation:
    (translation,) = _translations(arguments, [text])
    for warning in translation.warnings:
        print(f"csanmt: warning: {warning}", file=sys.stderr)
    return translation


def _translations(arguments: argparse.Namespace, texts: Sequence[str]) -> Iterator[Translation]:
    with Translator.load(arguments.model, EngineSettings(workers=arguments.threads)) as translator:
        options = translator.engine.defaults
        if arguments.beam:
            options = replace(options, beam_size=arguments.beam)
        if arguments.length_penalty is not None:
            options = replace(options, length_penalty=arguments.length_penalty)
        yield from translator.translate_all(
            texts, options=options, split_sentences=arguments.split_sentences
        )


def _answer(arguments: argparse.Namespace, translation: Translation) -> str:
    if arguments.json:
        return json.dumps(asdict(translation), ensure_ascii=False, indent=2) + "\n"
    given = arguments.text not in (None, STANDARD)
    return translation.text + ("\n" if given else "")  # a file's last line ends as it did


def _print(answer: str) -> None:
    """Write to standard output; a character that a terminal lacks is replaced, which is said."""
    encoding = sys.stdout.encoding or "utf-8"
    try:
        data = answer.encode(encoding)
    except UnicodeEncodeError:
        data = answer.encode(encoding, "replace")
        print(
            f"csanmt: warning: {encoding} lacks characters of the translation, '?' stands for "
            "them: set PYTHONIOENCODING=utf-8, or write to a file with -o",
            file=sys.stderr,
        )
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:  # who reads it has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nothing left to flush
        raise UserError(f"standard output: {error.strerror}: write elsewhere") from None


def _source(arguments: argparse.Namespace) -> str:
    if arguments.file and arguments.text is not None:
        raise UserError("both TEXT and --file are given: give one")
    if arguments.text not in (None, STANDARD):
        return from_argument(arguments.text)
    if arguments.file and arguments.file != Path(STANDARD):
        name, data = str(arguments.file), read_bytes(arguments.file)
    elif sys.stdin is None:
        raise UserError("standard input is closed: give TEXT, or a file with --file")
    else:
        name, data = "standard input", sys.stdin.buffer.read()
    text, encoding = decoded(data, name, arguments.encoding)
    if arguments.encoding is None and encoding != "utf-8":
        print(f"csanmt: {name} is read as {encoding} (--encoding names another)", file=sys.stderr)
    return text


if __name__ == "__main__":
    sys.exit(main())
