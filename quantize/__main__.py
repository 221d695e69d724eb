"""python -m quantize: build verified bundles from model sources."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from pipeline.errors import UserError


def main(argv: list[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    try:
        return int(arguments.run(arguments))
    except ModuleNotFoundError as error:
        message = f"{error.name} is not installed: use `make model`, or pip install with the extra [quantize]"
        print(f"quantize: {message}", file=sys.stderr)
    except UserError as error:
        print(f"quantize: {error}", file=sys.stderr)
    return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m quantize", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    build = commands.add_parser("build", help="make a bundle from a source", description=_build.__doc__)
    build.add_argument(
        "source",
        metavar="SOURCE",
        help="folder of a ModelScope CSANMT, of a Marian model or as our training leaves it; or an id, such as "
        "damo/nlp_csanmt_translation_zh2en (ModelScope) or Helsinki-NLP/opus-mt-zh-en (Hugging Face)",
    )
    build.add_argument("--recipe", default="int8", help="a name in configs/quantisation (default: int8)")
    build.add_argument("--out", type=Path, required=True, metavar="BUNDLE", help="folder of the bundle")
    build.set_defaults(run=_build)
    convert = commands.add_parser("convert", help="make a Hugging Face model of a CSANMT", description=_convert.__doc__)
    convert.add_argument("source", metavar="MODELSCOPE_DIR", help="a CSANMT, as for build")
    convert.add_argument("out", type=Path, metavar="HF_DIR", help="a new folder")
    convert.set_defaults(run=_convert)
    return parser


def _build(arguments: argparse.Namespace) -> int:
    """Write the graphs, quantise them as the recipe says, record the canary, and verify the result."""
    from quantize.build import build
    from quantize.progress import bars
    from quantize.recipes import load_recipe
    from quantize.sources import open_source

    began = time.monotonic()
    recipe = load_recipe(arguments.recipe)
    bundle = build(open_source(arguments.source), recipe, arguments.out, report=bars)
    size = sum(entry.size for entry in bundle.manifest.files.values()) / 1e6
    tolerance = bundle.manifest.canary.tolerance
    print(
        f"{bundle.path}: {bundle.manifest.name}, recipe {recipe.name}, {size:.1f} MB, "
        f"canary tolerance {tolerance:.3g}, built in {time.monotonic() - began:.0f} s"
    )
    return 0


def _convert(arguments: argparse.Namespace) -> int:
    """Write configuration, weights, tokenizer and code as transformers' Auto classes load them."""
    from quantize.convert import convert
    from quantize.progress import bars
    from quantize.sources import open_source

    began = time.monotonic()
    folder = convert(open_source(arguments.source), arguments.out, report=bars)
    print(f"{folder}: converted in {time.monotonic() - began:.0f} s; with trust_remote_code=True it loads anywhere")
    return 0


if __name__ == "__main__":
    sys.exit(main())
