"""python -m benchmarks full-size: the real model's size with random weights, in float32 and INT8."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from pipeline.errors import UserError


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("what", choices=["full-size"])
    parser.add_argument("--work", type=Path, required=True, help="folder for graphs (5 GB), kept for the next time")
    parser.add_argument("--recipes", default="row-63,row-127,dynamic-63", help="by commas (default: %(default)s)")
    parser.add_argument("--shape", choices=["full", "small"], default="full", help="small: to try the command")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sentences", type=int, default=8)
    parser.add_argument("--tokens", type=int, default=32, help="of every source and every translation")
    arguments = parser.parse_args(argv)
    from benchmarks.full_size import compare

    try:
        found = compare(
            arguments.work,
            arguments.shape,
            arguments.recipes.split(","),
            rounds=arguments.rounds,
            sentences=arguments.sentences,
            tokens=arguments.tokens,
            report=lambda text: print(f"… {text}", file=sys.stderr, flush=True),
        )
    except UserError as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 2
    print(json.dumps(found, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
