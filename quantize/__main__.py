"""python -m quantize: build verified bundles from model sources."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from pipeline.errors import UserError
from pipeline.resources import resolve


def main(argv: list[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    try:
        return int(arguments.run(arguments))
    except UserError as error:
        print(f"quantize: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m quantize", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    build = commands.add_parser("build", help="make a bundle from a source", description=_build.__doc__)
    build.add_argument("source", metavar="SOURCE", help="folder as our training leaves it")
    build.add_argument("--recipe", default="int8", help="a name in configs/quantisation (default: int8)")
    build.add_argument("--out", type=Path, required=True, metavar="BUNDLE", help="folder of the bundle")
    build.set_defaults(run=_build)
    return parser


def _build(arguments: argparse.Namespace) -> int:
    """Write the graphs, quantise them as the recipe says, record the canary, and verify the result."""
    try:
        from quantize.build import build
    except ModuleNotFoundError as error:
        raise UserError(f"{error.name} is not installed: run `make quantize-env`, or `make model`") from None
    from quantize.recipes import load_recipe

    began = time.monotonic()
    recipe = load_recipe(arguments.recipe)
    bundle = build(resolve(arguments.source), recipe, arguments.out, report=lambda text: print(f"… {text}", flush=True))
    size = sum(entry.size for entry in bundle.manifest.files.values()) / 1e6
    tolerance = bundle.manifest.canary.tolerance
    print(
        f"{bundle.path}: {bundle.manifest.name}, recipe {recipe.name}, {size:.1f} MB, "
        f"canary tolerance {tolerance:.3g}, built in {time.monotonic() - began:.0f} s"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
