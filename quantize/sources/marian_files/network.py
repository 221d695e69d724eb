"""From Marian's files to a `Network`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import UserError
from quantize.network import MAX_POSITIONS, Network, timing_signal
from quantize.sources.marian_files.arrays import is_npz, read_npz
from quantize.sources.marian_files.binary import is_binary, read_binary
from quantize.sources.marian_files.options import Options, read_options
from quantize.sources.marian_files.tensors import MarianFile
from quantize.sources.marian_files.weights import read_weights
from quantize.sources.unpacked import plain_file

EPSILON = 1e-6


def is_marian(path: Path) -> bool:
    """Whether an unpacked file is a model as Marian saves it."""
    with path.open("rb") as file:
        return is_binary(file.read(16)) or is_npz(path)


@dataclass(frozen=True)
class Model:
    """A Marian model whose options we can compute; its weights are not checked yet."""

    file: MarianFile
    options: Options

    def network(self, banned: tuple[int, ...]) -> Network:
        """The network, which never chooses the `banned` ids.

        Raises UserError for weights that are not those of the options.
        """
        options, weights = self.options, read_weights(self.file, self.options)
        scale = math.sqrt(options.embedding)
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
            positions=timing_signal(MAX_POSITIONS, options.embedding),
            max_positions=MAX_POSITIONS,
            decoder=options.decoder,
            post_norm=options.post_norm,
            activation=options.activation,
            epsilon=EPSILON,
            banned=banned,
        )


def read_model(path: Path, shown: Path | None = None) -> Model:
    """The model in a `.bin` or `.npz` file, which may be compressed.

    Raises UserError, which names the file as `shown`, for what is damaged, no such file or not
    supported.
    """
    plain, path = plain_file(path), shown or path
    with plain.open("rb") as opened:
        head = opened.read(16)
    if head[:2] == b"PK":
        file = read_npz(plain, path)
    elif is_binary(head):
        file = read_binary(plain, path)
    else:
        raise UserError(f"{path} is no model as Marian saves it (.bin or .npz): copy it anew")
    return Model(file, read_options(file))
