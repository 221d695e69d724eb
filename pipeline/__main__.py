"""csanmt: translate Chinese to English on this machine, without a server."""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import get_args

from pipeline.config import DEFAULT_MODEL
from pipeline.decode.engine import EngineSettings
from pipeline.errors import UserError
from pipeline.text.sentences import Splitting
from pipeline.translator import Translator


def main(argv: list[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    try:
        return int(arguments.run(arguments))
    except UserError as error:
        print(f"csanmt: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="csanmt", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    translate = commands.add_parser("translate", help="translate a text, a file or standard input")
    translate.add_argument(
        "text", nargs="?", metavar="TEXT", help="what to translate (default: standard input)"
    )
    translate.add_argument("-f", "--file", type=Path, help="translate this UTF-8 file instead")
    translate.add_argument(
        "-o", "--output", type=Path, help="write here instead of to standard output"
    )
    translate.add_argument(
        "--model", default=DEFAULT_MODEL, help="bundle to use (default: %(default)s)"
    )
    translate.add_argument("--beam", type=_count, help="beam size (default: the bundle's)")
    translate.add_argument(
        "--length-penalty",
        type=float,
        help="exponent of the length penalty (default: the bundle's)",
    )
    translate.add_argument(
        "--split-sentences",
        choices=get_args(Splitting),
        default="on",
        help="whether marks and lines part sentences: off (neither), on (both), nonewlines (only "
        "marks; wrapped lines are joined) (default: %(default)s)",
    )
    translate.add_argument(
        "--threads", type=_count, default=os.cpu_count() or 1, help="workers (default: all CPUs)"
    )
    translate.add_argument(
        "--json", action="store_true", help="print sentences, scores and warnings as JSON"
    )
    translate.set_defaults(run=_translate)
    return parser


def _count(text: str) -> int:
    value = int(text)
    if not 1 <= value <= 64:
        raise argparse.ArgumentTypeError("give a number from 1 to 64")
    return value


def _translate(arguments: argparse.Namespace) -> int:
    text = _source(arguments)
    with Translator.load(arguments.model, EngineSettings(workers=arguments.threads)) as translator:
        options = translator.engine.defaults
        if arguments.beam:
            options = replace(options, beam_size=arguments.beam)
        if arguments.length_penalty is not None:
            options = replace(options, length_penalty=arguments.length_penalty)
        translation = translator.translate(
            text, options=options, split_sentences=arguments.split_sentences
        )
    if arguments.json:
        answer = json.dumps(asdict(translation), ensure_ascii=False, indent=2) + "\n"
    else:
        answer = translation.text if translation.text.endswith("\n") else translation.text + "\n"
    if arguments.output:
        arguments.output.write_text(answer, encoding="utf-8", newline="")
        print(f"{arguments.output}: {len(translation.sentences)} sentences", file=sys.stderr)
    else:
        sys.stdout.write(answer)
    for warning in translation.warnings:
        print(f"csanmt: warning: {warning}", file=sys.stderr)
    return 0


def _source(arguments: argparse.Namespace) -> str:
    if arguments.file and arguments.text is not None:
        raise UserError("both TEXT and --file are given: give one")
    if arguments.text is not None:
        return str(arguments.text)
    try:
        data = arguments.file.read_bytes() if arguments.file else sys.stdin.buffer.read()
        return str(data.decode("utf-8-sig"))
    except OSError as error:
        raise UserError(
            f"{arguments.file}: {error.strerror}: name a file that can be read"
        ) from None
    except UnicodeDecodeError:
        raise UserError(
            f"{arguments.file or 'standard input'} is not UTF-8: "
            "convert it (iconv -f gb18030 -t utf-8)"
        ) from None


if __name__ == "__main__":
    sys.exit(main())
