"""The commands of `python -m training`: each returns what is printed at its end.

What they need is imported when they run.
"""

from __future__ import annotations

from argparse import Namespace

from pydantic import ValidationError

from pipeline.errors import UserError
from training.settings import Settings


def prepare(arguments: Namespace) -> str:
    """Write one epoch of the corpus, with its vocabularies and calibration text.

    The sources' weights say how often each pair is shown.
    """
    from quantize.progress import Bars
    from training.corpus import SOURCES, load_weights
    from training.prepare import prepare_data

    with Bars() as bars:
        done = prepare_data(
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
    return (
        f"{arguments.out}: {done.kept:,} of {done.shown:,} pairs, "
        f"{done.source_tokens:,} source and {done.target_tokens:,} target tokens"
    )


def train(arguments: Namespace) -> str:
    """Train until the time or the tokens are used up.

    The learning rate falls as the run progresses.
    """
    import torch

    from quantize.csanmt.configuration import CsanmtConfig
    from quantize.progress import Bars
    from training.models import read_config
    from training.train import Start, train_model

    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    config = read_config(arguments.config) if arguments.config else CsanmtConfig()
    settings = _settings(arguments)
    start = Start(config, arguments.start_from, int(arguments.start_tokens))
    run = arguments.folder
    with Bars() as bars:
        state = train_model(
            arguments.data, run, start, settings, report=bars.report, show=bars.show
        )
    return (
        f"{run}: stopped at step {state.step}, {state.tokens / 1e6:.1f} M tokens, "
        f"epoch {state.epoch}"
    )


def _settings(arguments: Namespace) -> Settings:
    try:
        return Settings(**{name: getattr(arguments, name) for name in Settings.model_fields})
    except ValidationError as error:
        first = error.errors()[0]
        option = "--" + str(first["loc"][0]).replace("_", "-")
        raise UserError(f"{option} {first['input']}: {first['msg']}") from None


def average(arguments: Namespace) -> str:
    """Write the mean of the models' weights, with the first one's other files."""
    from training.models import average_models

    average_models(arguments.models, arguments.out)
    return f"{arguments.out}: the mean of {len(arguments.models)} models"


def evaluate(arguments: Namespace) -> str:
    """Print sacreBLEU's BLEU and chrF++ on FLORES dev, NTREX and other sets.

    The engine that serves decodes them.
    """
    from quantize.progress import Bars
    from training.evaluate import evaluate_systems, markdown, read_sets

    with Bars() as bars:
        sets = read_sets(arguments.sets, arguments.sentences)
        outputs = dict(arguments.outputs)
        found = evaluate_systems(
            arguments.models, sets, outputs, report=bars.report, show=bars.show
        )
    if arguments.json:
        arguments.json.write_text(found.model_dump_json(indent=1) + "\n", encoding="utf-8")
    return markdown(found)


def examples(arguments: Namespace) -> str:
    """Print the sentences with their translations as a Markdown table."""
    from training.evaluate import EXAMPLES, translated_examples

    return translated_examples(arguments.model, arguments.file or EXAMPLES)
