"""python -m quantize: build verified bundles from model sources."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from pipeline.errors import UserError

SOURCE = (
    "a folder or file of a model (ModelScope CSANMT, Marian, Firefox, OPUS-MT, CTranslate2, Argos "
    "Translate, or as our training leaves it); an https address of such a file, with #sha256=… if "
    "you know it; or an id: firefox:zh-en, firefox:zh-en/base-memory, argos:zh-en, "
    "quickmt/quickmt-zh-en or Helsinki-NLP/opus-mt-zh-en (Hugging Face), "
    "damo/nlp_csanmt_translation_zh2en (ModelScope); docs/models.md lists them"
)


def main(argv: list[str] | None = None) -> int:
    """Run the command that the arguments name; returns the exit status."""
    arguments = _parser().parse_args(argv)
    try:
        arguments.run(arguments)
    except UserError as error:
        print(f"quantize: {error}", file=sys.stderr)
        return 2
    except ModuleNotFoundError as error:
        remedy = "run `make model` or `make tune`, or pip install '.[quantize]'"
        print(f"quantize: {error.name} is not installed: {remedy}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m quantize", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    build = commands.add_parser(
        "build", help="make a bundle with a given recipe", description=_build.__doc__
    )
    _bundle_arguments(build)
    build.add_argument(
        "--recipe", help="a name in configs/quantisation (default: row-63-gptq; row-63 for H > 512)"
    )
    build.add_argument(
        "--judge", action="store_true", help="judge it on the test sets (minutes), not only quickly"
    )
    build.set_defaults(run=_build)
    tune = commands.add_parser(
        "tune", help="find the recipe for a model", description=_tune.__doc__
    )
    _bundle_arguments(tune)
    tune.add_argument("--recipes", help="candidates, by commas (default: a choice of seven)")
    tune.add_argument(
        "--work", type=Path, help="folder of intermediate results (default: beside BUNDLE)"
    )
    tune.add_argument(
        "--sentences", type=int, help="of each test set (default: all; fewer prove less)"
    )
    tune.set_defaults(run=_tune)
    convert = commands.add_parser(
        "convert", help="make a Hugging Face model of a CSANMT", description=_convert.__doc__
    )
    convert.add_argument("source", metavar="MODELSCOPE_DIR", help="a CSANMT, named as for build")
    convert.add_argument("out", type=Path, metavar="HF_DIR", help="a new folder")
    convert.set_defaults(run=_convert)
    return parser


def _bundle_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("source", metavar="SOURCE", help=SOURCE)
    command.add_argument(
        "--out", type=Path, required=True, metavar="BUNDLE", help="folder of the bundle"
    )
    command.add_argument(
        "--calibration", type=Path, metavar="FILE", help="text to calibrate on, a sentence a line"
    )
    command.add_argument(
        "--force", action="store_true", help="write a bundle that fails the gate all the same"
    )


def _build(arguments: argparse.Namespace) -> None:
    """Write the graphs, quantise them as the recipe says, judge them and put them in place.

    They are judged against float32. A bundle that fails is not written unless --force.
    """
    from quantize.bundles.build import build, full_verdict, quick_verdict
    from quantize.int8.recipes import load_recipe
    from quantize.progress import Bars

    began = time.monotonic()
    recipe = load_recipe(arguments.recipe) if arguments.recipe else None
    with Bars() as bars:
        bundle = build(
            arguments.source,
            recipe,
            arguments.out,
            report=bars.report,
            show=bars.show,
            lines=_lines(arguments.calibration),
            verdict_of=full_verdict if arguments.judge else quick_verdict,
            force=arguments.force,
        )
    manifest, gate = bundle.manifest, bundle.manifest.gate
    size = sum(entry.size for entry in manifest.files.values()) / 1e6
    verdict = f"{gate.kind} gate {'passed' if gate.passed else 'FAILED'}" if gate else ""
    print(
        f"{bundle.path}: {manifest.name}, recipe {manifest.recipe['name']}, {size:.1f} MB, "
        f"{verdict}, canary tolerance {manifest.canary.tolerance:.3g}, "
        f"built in {time.monotonic() - began:.0f} s"
    )


def _convert(arguments: argparse.Namespace) -> None:
    """Write configuration, weights, tokenizer and code as transformers' Auto classes load them."""
    from quantize.csanmt.convert import convert
    from quantize.progress import Bars

    began = time.monotonic()
    with Bars() as bars:
        folder = convert(arguments.source, arguments.out, bars.show)
    print(
        f"{folder}: converted in {time.monotonic() - began:.0f} s; "
        "with trust_remote_code=True it loads anywhere"
    )


def _tune(arguments: argparse.Namespace) -> None:
    """Build candidates, measure each against float32, write the fastest that passes.

    Results of finished recipes are kept, so that an interrupted run continues.
    """
    from quantize.judge.tables import show_table
    from quantize.progress import Bars
    from quantize.tune import CANDIDATES, tune

    out = arguments.out
    with Bars() as bars:
        winner, results = tune(
            arguments.source,
            out,
            arguments.work or out.parent / f".tune-{out.name}",
            recipes=arguments.recipes.split(",") if arguments.recipes else CANDIDATES,
            lines=_lines(arguments.calibration),
            limit=arguments.sentences,
            force=arguments.force,
            report=bars.report,
            show=bars.show,
        )
    show_table(winner, results)
    print(f"{out}: written with recipe {winner}; {out / 'report.md'} has the whole report")


def _lines(path: Path | None) -> tuple[str, ...] | None:
    if path is None:
        return None
    from quantize.sentences import read_lines

    return read_lines(path)


if __name__ == "__main__":
    sys.exit(main())
