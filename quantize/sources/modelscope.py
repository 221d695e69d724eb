"""Source: a CSANMT directory as ModelScope publishes it (docs/csanmt.md).

`configuration.json`, the vocabularies and BPE merges that it names, and `tf_ckpts/ckpt-0.*`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, PositiveInt, ValidationError

from pipeline.bundle import CsanmtEntry, Decoding, Languages
from pipeline.errors import UserError
from quantize.network import MAX_POSITIONS, csanmt_network
from quantize.sources.base import About, Section, Source
from quantize.sources.tensorflow.checkpoint import TfCheckpoint
from quantize.sources.tensorflow.variables import TARGET_SEMANTICS, read_weights

CONFIGURATION = "configuration.json"
CHECKPOINT = "tf_ckpts/ckpt-0"
# The reference knows no limit; its published model was trained on up to 100 tokens.
MAX_SOURCE_LENGTH = 128
SIZES = {  # that `configuration.json` and `CsanmtConfig` name alike
    "hidden_size",
    "filter_size",
    "num_heads",
    "num_encoder_layers",
    "num_decoder_layers",
    "num_semantic_encoder_layers",
    "max_relative_dis",
    "src_vocab_size",
    "trg_vocab_size",
}


def _inside(name: str) -> str:
    """Raises ValueError for a file outside the model's folder, which would end up in bundles."""
    if Path(name).is_absolute() or ".." in Path(name).parts:
        raise ValueError(f"{name} leaves the model's folder")
    return name


class FileSection(Section):
    """A file beside the configuration, or in a folder there."""

    file: Annotated[str, AfterValidator(_inside)]


class ModelSection(Section):
    """Sizes and options of the network and of its decoding."""

    hidden_size: PositiveInt
    filter_size: PositiveInt
    num_heads: PositiveInt
    num_encoder_layers: PositiveInt
    num_decoder_layers: PositiveInt
    num_semantic_encoder_layers: PositiveInt
    layer_preproc: Literal["layer_norm", "none"]
    layer_postproc: Literal["layer_norm", "none"]
    shared_embedding_and_softmax_weights: bool
    shared_source_target_embedding: bool
    position_info_type: Literal["absolute", "relative"]
    max_relative_dis: PositiveInt
    src_vocab_size: PositiveInt
    trg_vocab_size: PositiveInt
    beam_size: PositiveInt = 4
    lp_rate: float = 0.6
    max_decoded_trg_len: PositiveInt = 100

    def config(self) -> dict[str, Any]:
        """The same as values of `CsanmtConfig`.

        Without dropout: the reference would apply it at inference, we never do.
        """
        return self.model_dump(include=SIZES) | {
            "post_norm": self.layer_postproc == "layer_norm",
            "relative_positions": self.position_info_type == "relative",
            "share_embedding": self.shared_source_target_embedding,
            "share_softmax": self.shared_embedding_and_softmax_weights,
            "share_semantic_embedding": False,
            "dropout": 0.0,
        }


class DatasetSection(Section):
    """The vocabularies."""

    src_vocab: FileSection
    trg_vocab: FileSection


class PreprocessorSection(Section):
    """The languages and the source's BPE merges."""

    src_lang: str
    tgt_lang: str
    src_bpe: FileSection


class Configuration(Section):
    """What inference needs of `configuration.json`."""

    model: ModelSection
    dataset: DatasetSection
    preprocessor: PreprocessorSection


def needed_files(folder: Path) -> list[str]:
    """What to download once `configuration.json` is there.

    The samples, resources and graphs beside it are not needed.
    """
    configuration = read_configuration(folder)
    text, dataset = configuration.preprocessor, configuration.dataset
    names = [part.file for part in (dataset.src_vocab, dataset.trg_vocab, text.src_bpe)]
    return [CONFIGURATION, *names, f"{CHECKPOINT}.index", f"{CHECKPOINT}.data-*"]


def open_modelscope(folder: Path, name: str | None = None) -> Source:
    """Read the directory; `name` says where it is from.

    Raises UserError naming what is missing or does not fit together.
    """
    configuration = read_configuration(folder)
    model, dataset, text = configuration.model, configuration.dataset, configuration.preprocessor
    files = {
        "source.vocab": folder / dataset.src_vocab.file,
        "target.vocab": folder / dataset.trg_vocab.file,
        "source.bpe": folder / text.src_bpe.file,
    }
    for path in files.values():
        if not path.is_file():
            raise UserError(f"{path} is missing: configuration.json names it, so copy it too")
    checkpoint = TfCheckpoint(folder / CHECKPOINT)
    config = model.config() | {"target_semantic_embedding": TARGET_SEMANTICS in checkpoint}
    max_positions = max(MAX_POSITIONS, model.max_decoded_trg_len)
    return Source(
        folder=folder,
        # The index has all tensors' checksums.
        identity=(folder / CONFIGURATION, folder / f"{CHECKPOINT}.index"),
        network=csanmt_network(config, read_weights(checkpoint, config), max_positions),
        config=config,
        languages=Languages(source=text.src_lang, target=text.tgt_lang),
        tokenizer=CsanmtEntry(
            kind="csanmt",
            source="source.vocab",
            target="target.vocab",
            codes="source.bpe",
            unknown_id=model.trg_vocab_size - 1,
            source_unknown_id=model.src_vocab_size - 1,
        ),
        files=files,
        decoding=Decoding(
            rules="csanmt",
            beam_size=model.beam_size,
            length_penalty=model.lp_rate,
            max_length=model.max_decoded_trg_len,
            end_id=0,
            max_source_length=MAX_SOURCE_LENGTH,
        ),
        about=About(
            provenance=f"converted from {name or f'the ModelScope directory {folder.name}'}"
        ),
    )


def read_configuration(folder: Path) -> Configuration:
    """What `configuration.json` says.

    Raises UserError for one that is missing, damaged, contradicts itself or is of another model.
    """
    path = folder / CONFIGURATION
    try:
        configuration = Configuration.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise UserError(f"{path} is missing: name a folder as ModelScope publishes it") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise UserError(
            f"{path}: {where}: {first['msg']}: is it a csanmt-translation model?"
        ) from None
    if contradiction := _contradiction(configuration.model):
        raise UserError(f"{path}: model: {contradiction}")
    return configuration


def _contradiction(model: ModelSection) -> str | None:
    if (model.layer_preproc == "none") == (model.layer_postproc == "none"):
        return "exactly one of layer_preproc and layer_postproc must be layer_norm"
    if model.hidden_size % model.num_heads:
        return f"num_heads {model.num_heads} does not divide hidden_size {model.hidden_size}"
    if model.shared_source_target_embedding and model.src_vocab_size != model.trg_vocab_size:
        return "one embedding for both languages, but vocabulary sizes differ"
    return None
