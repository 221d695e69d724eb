"""python -m training: make a CSANMT of a parallel corpus, and score it (docs/training.md)."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from pipeline.errors import UserError
from training.settings import Settings


def main(argv: list[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    try:
        arguments.run(arguments)
    except UserError as error:
        print(f"training: {error}", file=sys.stderr)
        return 2
    except ModuleNotFoundError as error:
        print(
            f"training: {error.name} is not installed: pip install '.[quantize]'", file=sys.stderr
        )
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, summary, run, arguments in (
        ("prepare", "make data of a corpus", _prepare, _prepare_arguments),
        ("train", "begin a run or go on with it", _train, _train_arguments),
        ("average", "make one model of several", _average, _average_arguments),
        ("evaluate", "score models and stored outputs", _evaluate, _evaluate_arguments),
        ("examples", "translate the model card's sentences", _examples, _examples_arguments),
    ):
        command = commands.add_parser(
            name,
            help=summary,
            description=run.__doc__,
        )
        arguments(command)
        command.set_defaults(run=run)
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
        help="whose weights are taken (default: %(default)s)",
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
        "--source-pieces",
        type=int,
        default=24000,
        help="of a new source vocabulary (default: %(default)s)",
    )
    command.add_argument(
        "--target-pieces",
        type=int,
        default=16000,
        help="of a new target vocabulary (default: %(default)s)",
    )
    command.add_argument(
        "--longest",
        type=int,
        default=160,
        help="tokens a side; longer pairs are dropped (default: %(default)s)",
    )
    command.add_argument(
        "--seed", type=int, default=1, help="of all that is random (default: %(default)s)"
    )


def _prepare(arguments: argparse.Namespace) -> None:
    """Write one epoch of the corpus, as the sources' weights say, with its vocabularies and
    calibration text.
    """
    from quantize.progress import Bars
    from training.prepare import prepare
    from training.sources import SOURCES, load_weights

    with Bars() as bars:
        done = prepare(
            arguments.corpus,
            arguments.out,
            load_weights(arguments.phase, arguments.sources or SOURCES),
            vocabulary=arguments.vocabulary,
            sizes=(arguments.source_pieces, arguments.target_pieces),
            longest=arguments.longest,
            seed=arguments.seed,
            report=bars.report,
            show=bars.show,
        )
    print(
        f"{arguments.out}: {done.kept:,} of {done.shown:,} pairs, "
        f"{done.source_tokens:,} source and {done.target_tokens:,} target tokens"
    )


def _train_arguments(command: argparse.ArgumentParser) -> None:
    usual = Settings()
    for option, kind, told in (
        ("minutes", float, "after which the run stops; the same command goes on"),
        ("total_tokens", float, "target tokens when the run is complete, --start-tokens included"),
        ("until", float, "share of the run at which it stops"),
        ("batch_tokens", int, "padded tokens of a batch, a side"),
        ("learning_rate", float, "at its peak"),
        ("warmup", int, "steps to the peak"),
        ("memory", int, "steps that the moving average of the weights looks back"),
        ("smoothing", float, "of the labels"),
        ("seed", int, "of all that is random"),
        ("log_every", int, "steps between two lines of the log"),
        ("licence", str, "of the weights, for about.yaml"),
    ):
        name, default = "--" + option.replace("_", "-"), getattr(usual, option)
        command.add_argument(
            name, type=kind, default=default, help=f"{told} (default: %(default)s)"
        )
    command.add_argument("data", type=Path, help="folder that `prepare` wrote")
    command.add_argument(
        "folder", type=Path, metavar="RUN", help="folder of the run: a source for `quantize build`"
    )
    command.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="config.json of a new model (default: 41 M weights)",
    )
    command.add_argument(
        "--start-from", type=Path, metavar="MODEL", help="source folder that a new run goes on from"
    )
    command.add_argument(
        "--start-tokens",
        type=float,
        default=0,
        help="target tokens that MODEL has seen (default: 0)",
    )
    command.add_argument("--threads", type=int, help="of the CPU (default: all)")


def _train(arguments: argparse.Namespace) -> None:
    """Train until the time or the tokens are used up.

    The learning rate falls as the run gets on.
    """
    import torch

    from quantize.csanmt.configuration import CsanmtConfig
    from quantize.progress import Bars
    from training.models import read_config
    from training.train import Start, train

    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    config = read_config(arguments.config) if arguments.config else CsanmtConfig()
    settings = _settings(arguments)
    start = Start(config, arguments.start_from, int(arguments.start_tokens))
    with Bars() as bars:
        state = train(
            arguments.data, arguments.folder, start, settings, report=bars.report, show=bars.show
        )
    print(
        f"{arguments.folder}: stopped at step {state.step}, {state.tokens / 1e6:.1f} M tokens, epoch {state.epoch}"
    )


def _settings(arguments: argparse.Namespace) -> Settings:
    try:
        return Settings(**{name: getattr(arguments, name) for name in Settings.model_fields})
    except ValidationError as error:
        first = error.errors()[0]
        option = "--" + str(first["loc"][0]).replace("_", "-")
        raise UserError(f"{option} {first['input']}: {first['msg']}") from None


def _average_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "models", type=Path, nargs="+", metavar="MODEL", help="source folders of one configuration"
    )
    command.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="a new folder")


def _average(arguments: argparse.Namespace) -> None:
    """Write the mean of the models' weights, with the first one's other files."""
    from training.average import average

    average(arguments.models, arguments.out)
    print(f"{arguments.out}: the mean of {len(arguments.models)} models")


def _evaluate_arguments(command: argparse.ArgumentParser) -> None:
    several: dict[str, Any] = {"action": "extend", "nargs": "+", "default": []}
    command.add_argument(
        "models",
        nargs="+",
        metavar="MODEL",
        help="a bundle, or a source, which is taken as float32",
    )
    command.add_argument(
        "--set",
        **several,
        type=Path,
        metavar="FILE",
        dest="sets",
        help="other test sets: Chinese, TAB, English",
    )
    command.add_argument(
        "--outputs",
        **several,
        type=_named,
        metavar="FILE=NAME",
        help="other systems' translations of FLORES dev",
    )
    command.add_argument("--json", type=Path, metavar="FILE", help="where all figures are written")
    command.add_argument(
        "--sentences", type=int, help="of each test set (default: all; fewer prove less)"
    )


def _named(text: str) -> tuple[str, Path]:
    path, _, name = text.rpartition("=")
    if not (path and name):
        raise argparse.ArgumentTypeError(f"{text!r}: expected FILE=NAME")
    return name, Path(path)


def _evaluate(arguments: argparse.Namespace) -> None:
    """Print sacreBLEU's BLEU and chrF++ on FLORES dev, NTREX and other sets, decoded by the engine
    that serves.
    """
    from quantize.progress import Bars
    from training.evaluate import evaluate, markdown, sets_of

    with Bars() as bars:
        sets = sets_of(arguments.sets, arguments.sentences)
        found = evaluate(
            arguments.models, sets, dict(arguments.outputs), report=bars.report, show=bars.show
        )
    if arguments.json:
        arguments.json.write_text(found.model_dump_json(indent=1) + "\n", encoding="utf-8")
    print(markdown(found))


def _examples_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("model", metavar="BUNDLE", help="folder of a bundle")
    command.add_argument(
        "--file", type=Path, help="sentences, a line each (default: training/examples.zh.txt)"
    )


def _examples(arguments: argparse.Namespace) -> None:
    """Print the sentences with their translations as a Markdown table."""
    from training.examples import SENTENCES, examples

    print(examples(arguments.model, arguments.file or SENTENCES))


if __name__ == "__main__":
    sys.exit(main())
