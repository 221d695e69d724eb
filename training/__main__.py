"""python -m training: make a CSANMT of a parallel corpus, and score it (docs/training.md)."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from pipeline.errors import UserError
from training import commands
from training.settings import Settings

DEFAULT = "(default: %(default)s)"


def main(argv: list[str] | None = None) -> int:
    """Run the command that the arguments name; returns the exit status."""
    arguments = _parser().parse_args(argv)
    try:
        print(arguments.run(arguments))
    except UserError as error:
        print(f"training: {error}", file=sys.stderr)
        return 2
    except ModuleNotFoundError as error:
        remedy = "pip install '.[quantize]'"
        print(f"training: {error.name} is not installed: {remedy}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(run: Callable[[argparse.Namespace], str], summary: str) -> argparse.ArgumentParser:
        command = subparsers.add_parser(run.__name__, help=summary, description=run.__doc__)
        command.set_defaults(run=run)
        return command

    _prepare_arguments(add(commands.prepare, "make data of a corpus"))
    _train_arguments(add(commands.train, "begin a run or continue it"))
    _average_arguments(add(commands.average, "make one model of several"))
    _evaluate_arguments(add(commands.evaluate, "score models and stored outputs"))
    _examples_arguments(add(commands.examples, "translate the model card's sentences"))
    return parser


def _prepare_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "corpus",
        type=Path,
        nargs="+",
        help="pairs: Chinese, TAB, English, TAB, source; .xz and .gz too",
    )
    command.add_argument(
        "--out", type=Path, required=True, metavar="DATA", help="folder of the data"
    )
    command.add_argument(
        "--phase",
        choices=("first", "general"),
        default="first",
        help=f"whose weights are taken {DEFAULT}",
    )
    command.add_argument(
        "--sources", type=Path, metavar="FILE", help="weights (default: training/sources.yaml)"
    )
    command.add_argument(
        "--vocabulary",
        type=Path,
        metavar="FOLDER",
        help="data or model whose vocabularies are taken",
    )
    command.add_argument(
        "--source-pieces", type=int, default=24000, help=f"of a new source vocabulary {DEFAULT}"
    )
    command.add_argument(
        "--target-pieces", type=int, default=16000, help=f"of a new target vocabulary {DEFAULT}"
    )
    command.add_argument(
        "--longest",
        type=int,
        default=160,
        help=f"tokens a side; longer pairs are dropped {DEFAULT}",
    )
    command.add_argument("--seed", type=int, default=1, help=f"of all that is random {DEFAULT}")


def _train_arguments(command: argparse.ArgumentParser) -> None:
    usual = Settings()
    command.add_argument("data", type=Path, help="folder that `prepare` wrote")
    command.add_argument(
        "folder", type=Path, metavar="RUN", help="folder of the run: a source for `quantize build`"
    )
    command.add_argument(
        "--minutes",
        type=float,
        default=usual.minutes,
        help=f"after which the run stops; the same command continues it {DEFAULT}",
    )
    command.add_argument(
        "--total-tokens",
        type=float,
        default=usual.total_tokens,
        help=f"target tokens when the run is complete, --start-tokens included {DEFAULT}",
    )
    command.add_argument(
        "--until",
        type=float,
        default=usual.until,
        help=f"share of the run at which it stops {DEFAULT}",
    )
    command.add_argument(
        "--batch-tokens",
        type=int,
        default=usual.batch_tokens,
        help=f"padded tokens of a batch, a side {DEFAULT}",
    )
    command.add_argument(
        "--learning-rate", type=float, default=usual.learning_rate, help=f"at its peak {DEFAULT}"
    )
    command.add_argument(
        "--warmup", type=int, default=usual.warmup, help=f"steps to the peak {DEFAULT}"
    )
    command.add_argument(
        "--memory",
        type=int,
        default=usual.memory,
        help=f"steps that the moving average of the weights looks back {DEFAULT}",
    )
    command.add_argument(
        "--smoothing", type=float, default=usual.smoothing, help=f"of the labels {DEFAULT}"
    )
    command.add_argument(
        "--seed", type=int, default=usual.seed, help=f"of all that is random {DEFAULT}"
    )
    command.add_argument(
        "--log-every",
        type=int,
        default=usual.log_every,
        help=f"steps between two lines of the log {DEFAULT}",
    )
    command.add_argument(
        "--licence", default=usual.licence, help=f"of the weights, for about.yaml {DEFAULT}"
    )
    command.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="config.json of a new model (default: 41 M weights)",
    )
    command.add_argument(
        "--start-from", type=Path, metavar="MODEL", help="source folder that a new run begins with"
    )
    command.add_argument(
        "--start-tokens", type=float, default=0, help=f"target tokens that MODEL has seen {DEFAULT}"
    )
    command.add_argument("--threads", type=int, help="of the CPU (default: all)")


def _average_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "models", type=Path, nargs="+", metavar="MODEL", help="source folders of one configuration"
    )
    command.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="a new folder")


def _evaluate_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "models",
        nargs="+",
        metavar="MODEL",
        help="a bundle, or a source, which is taken as float32",
    )
    command.add_argument(
        "--set",
        action="extend",
        nargs="+",
        default=[],
        type=Path,
        metavar="FILE",
        dest="sets",
        help="other test sets: Chinese, TAB, English",
    )
    command.add_argument(
        "--outputs",
        action="extend",
        nargs="+",
        default=[],
        type=_named_file,
        metavar="FILE=NAME",
        help="other systems' translations of FLORES dev",
    )
    command.add_argument("--json", type=Path, metavar="FILE", help="where all figures are written")
    command.add_argument(
        "--sentences", type=int, help="of each test set (default: all; fewer prove less)"
    )


def _named_file(text: str) -> tuple[str, Path]:
    path, _, name = text.rpartition("=")
    if not (path and name):
        raise argparse.ArgumentTypeError(f"{text!r}: expected FILE=NAME")
    return name, Path(path)


def _examples_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("model", metavar="BUNDLE", help="folder of a bundle")
    command.add_argument(
        "--file", type=Path, help="sentences, a line each (default: training/examples.zh.txt)"
    )


if __name__ == "__main__":
    sys.exit(main())
