"""From Marian's files to a `Network`."""

from __future__ import annotations

import math
from pathlib import Path

from pipeline.errors import UserError
from quantize.network import MAX_POSITIONS, Network, timing_signal
from quantize.sources.marian_files.arrays import is_npz, read_npz
from quantize.sources.marian_files.binary import is_binary, read_binary
from quantize.sources.marian_files.options import read_options
from quantize.sources.marian_files.tensors import MarianFile
from quantize.sources.marian_files.weights import read_weights
from quantize.sources.unpacked import plain_file

EPSILON = 1e-6


def is_marian(path: Path) -> bool:
    """Whether an unpacked file is a model as Marian saves it."""
    with path.open("rb") as file:
        return is_binary(file.read(16)) or is_npz(path)


def read_file(path: Path) -> MarianFile:
    """The model in a `.bin` or `.npz` file, which may be compressed.

    Raises UserError for what is damaged or no such file.
    """
    plain = plain_file(path)
    with plain.open("rb") as file:
        head = file.read(16)
    if head[:2] == b"PK":
        return read_npz(plain)
    if is_binary(head):
        return read_binary(plain)
    raise UserError(f"{path} is no model as Marian saves it (.bin or .npz): copy it anew")


def read_network(path: Path, unknown_id: int, sizes: tuple[int, int]) -> Network:
    """The network of a model, whose vocabularies have `sizes` entries.

    `unknown_id` is never chosen. Raises UserError for what cannot be computed, is damaged or
    belongs to other vocabularies.
    """
    file = read_file(path)
    options = read_options(file)
    if options.vocabularies != sizes:
        found, expected = (" and ".join(map(str, pair)) for pair in (sizes, options.vocabularies))
        raise UserError(
            f"{path} wants vocabularies of {expected} entries, those beside it have {found}: "
            "copy all files of one model"
        )
    weights = read_weights(file, options)
    trained = weights.positions
    positions = timing_signal(MAX_POSITIONS, options.embedding) if trained is None else trained
    scale = math.sqrt(options.embedding) if trained is None else 1.0
    return Network(
        family="marian",
        hidden_size=options.embedding,
        encoder_heads=options.heads,
        decoder_heads=options.heads,
        num_encoder_layers=options.encoder_layers,
        num_decoder_layers=options.decoder_layers,
        weights=weights.floats,
        stored_scales=weights.scales,
        source_scale=scale,
        target_scale=scale,
        positions=positions,
        max_positions=len(positions),
        decoder=options.decoder,
        post_norm=options.post_norm,
        activation=options.activation,
        epsilon=EPSILON,
        banned=(unknown_id,),
    )
