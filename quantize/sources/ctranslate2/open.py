"""Source: a CTranslate2 model in a folder, with the sentencepiece models of its text beside it.

`model.bin`, `config.json`, `shared_vocabulary.json` (or `source_…` and `target_…`, or `.txt`), and
the sentencepiece models by the names that quickmt, conversions of Hugging Face's Marian models or
OpenNMT give them. docs/sources/ctranslate2.md says what each means.
"""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import numpy as np

from pipeline.bundle import Decoding, Languages
from pipeline.errors import UserError
from quantize.network import MAX_POSITIONS, Array, Network, timing_signal
from quantize.sources.base import About, Source
from quantize.sources.ctranslate2.binary import ModelFile
from quantize.sources.ctranslate2.place import Place
from quantize.sources.ctranslate2.settings import CONFIG, Settings, read_settings
from quantize.sources.ctranslate2.spec import SIDES, Options, Side, embedding, epsilon, read_options
from quantize.sources.ctranslate2.text import TEXTS, Text, text_files
from quantize.sources.ctranslate2.vocabulary import Vocabulary, read_vocabularies
from quantize.sources.ctranslate2.weights import Weights

MODEL = "model.bin"
MAX_SOURCE_LENGTH = 128  # longer sentences are parted
MAX_LENGTH = 256  # CTranslate2's own default
CODES = {"zho": "zh", "cmn": "zh", "eng": "en"}  # longer ones, beside those of two letters
CHINESE_TO_ENGLISH = ("zh", "en")


def open_ctranslate2(folder: Path, name: str | None = None) -> Source:
    """Read the folder; `name` says where it is from, and begins with the model's own.

    Raises UserError for what is missing, damaged or cannot be run exactly.
    """
    place = Place(folder, folder)
    for text in TEXTS:
        if place.has(text.source) and place.has(text.target):
            break
    else:
        names = ", ".join(dict.fromkeys(text.source for text in TEXTS))
        raise UserError(
            f"{folder}: no sentencepiece model beside {MODEL} ({names}): copy all files of the "
            "model"
        )
    languages = _languages(name.split()[0] if name else folder.name)
    return open_model(place, place, text, languages, name or f"the CTranslate2 model {folder.name}")


def open_model(
    place: Place, text_place: Place, text: Text, languages: Languages, name: str
) -> Source:
    """The model in `place`, whose sentencepiece models are in `text_place`."""
    file = ModelFile(place.mapped(MODEL), place.where(MODEL))
    options, settings = read_options(file), read_settings(file, place)
    source, target = read_vocabularies(place, settings.unknown)
    _check_sizes(file, source, target)
    prefix = (source.id(settings.begin),) if settings.begins_source else ()
    closed = settings.ends_source or text.ends_source
    suffix = (source.id(settings.end),) if closed else ()
    network = _network(file, options, settings, target)
    room = network.max_positions - len(prefix) - len(suffix)
    if room < 1 or network.max_positions < 2:
        raise UserError(f"{file.where}: its positions leave no room for a sentence: copy it anew")
    entry, made = text_files(text_place, text, source, target)
    return Source(
        folder=text_place.folder,
        identity=_identity(place, text_place, text),
        network=network,
        languages=languages,
        tokenizer=entry,
        files={},
        made=made,
        decoding=Decoding(
            rules="ctranslate2",
            beam_size=text.beam_size,
            length_penalty=text.length_penalty,
            max_length=min(MAX_LENGTH, network.max_positions - 1),
            end_id=target.known_id(settings.end),
            source_prefix=prefix,
            source_suffix=suffix,
            max_source_length=min(MAX_SOURCE_LENGTH, room),
        ),
        about=About(provenance=f"converted from {name}"),
    )


def _languages(name: str) -> Languages:
    """Two codes side by side in a model's name; Chinese to English if there are none."""
    words = [CODES.get(word, word) for word in re.split(r"[\W_]+", name.lower())]
    pairs = [pair for pair in pairwise(words) if all(map(re.compile("[a-z]{2}").fullmatch, pair))]
    if CHINESE_TO_ENGLISH in pairs or not pairs:
        pairs = [CHINESE_TO_ENGLISH]
    source, target = pairs[-1]
    return Languages(source=source, target=target)


def _network(file: ModelFile, options: Options, settings: Settings, target: Vocabulary) -> Network:
    weights = Weights(file, options)
    _check_final_norms(file, options, weights)
    sides = {side: _positions(weights, side, options.hidden_size) for side in SIDES}
    count = min(map(len, sides.values()))
    ours, theirs = sides["encoder"][:count], sides["decoder"][:count]
    return Network(
        family="marian",
        hidden_size=options.hidden_size,
        encoder_heads=options.heads["encoder"],
        decoder_heads=options.heads["decoder"],
        num_encoder_layers=options.layers["encoder"],
        num_decoder_layers=options.layers["decoder"],
        weights=weights.weights,
        source_scale=options.scales["encoder"],
        target_scale=options.scales["decoder"],
        positions=ours,
        target_positions=None if np.array_equal(ours, theirs) else theirs,
        max_positions=count,
        post_norm=options.post_norm,
        activation=options.activation,
        epsilon=epsilon(file, settings.epsilon),
        start_id=None if options.zero_start else target.id(settings.start),
        banned=(target.unknown_id,),
        banned_first=(target.known_id(settings.end),),  # it writes one token at least
        renormalise=True,
        stored_scales=weights.scales,
    )


def _positions(weights: Weights, side: Side, hidden: int) -> Array:
    """The file's own, else the usual ones, counted from 1."""
    stored = weights.positions(side)
    if stored is not None:
        return stored[:MAX_POSITIONS]
    return timing_signal(MAX_POSITIONS + 1, hidden)[1:]


def _check_final_norms(file: ModelFile, options: Options, weights: Weights) -> None:
    for side in SIDES:
        if (f"{side}_norm.weight" in weights.weights) == options.post_norm:
            has = "has a" if options.post_norm else "lacks its"
            raise UserError(
                f"{file.where}: the {side} {has} final normalisation, which is not supported: "
                "keep to CTranslate2"
            )


def _check_sizes(file: ModelFile, source: Vocabulary, target: Vocabulary) -> None:
    for vocabulary, side in ((source, SIDES[0]), (target, SIDES[1])):
        rows = file.shape(f"{embedding(file, side)}/weight")[0]
        if rows != len(vocabulary):
            raise UserError(
                f"{vocabulary.where} has {len(vocabulary)} tokens, the {side} of {file.where} "
                f"{rows}: copy all files of the model"
            )


def _identity(place: Place, text_place: Place, text: Text) -> tuple[Path, ...]:
    """All files that were read."""
    names = [MODEL, CONFIG]
    for vocabulary in ("shared", "source", "target"):
        names += [f"{vocabulary}_vocabulary.{kind}" for kind in ("json", "txt")]
    found = [place.file(name) for name in names if place.has(name)]
    found += [text_place.file(name) for name in (text.source, text.target)]
    return tuple(dict.fromkeys(found))
