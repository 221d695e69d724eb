"""The bundle: the only thing that passes from `quantize/` to serving.

A folder with `model.yaml` (the manifest below), graphs, weights, tokenizer files and `canary.json`.
Every file that serving reads stands in the manifest with its hash, and is checked before its use.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import Field, ValidationError, model_validator

from pipeline.config import Strict, home
from pipeline.errors import BundleError

CONTRACT = 4
Family = Literal["csanmt", "marian"]  # with a semantic encoder, or without one
DecoderKind = Literal["attention", "ssru"]
PieceJoining = Literal["sentencepiece", "argos"]  # Argos takes "_" for a space, too
Rules = Literal["csanmt", "transformers", "marian", "ctranslate2"]


class FileEntry(Strict):
    """A file that serving reads, as it must be."""

    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    size: int = Field(ge=0)  # bytes


class Languages(Strict):
    """ISO 639-1 codes of what is translated, and into what."""

    source: str
    target: str


class Vocabularies(Strict):
    """What every kind of tokenizer has."""

    source: str  # file of the source vocabulary
    target: str  # file of the target vocabulary
    unknown_id: int  # of the target
    mask_symbols: tuple[str, ...] = ()  # symbols that the model carries through (⟦0⟧ …)


class SentencePieceEntry(Vocabularies):
    """A pair of sentencepiece models whose ids the graphs use as they are."""

    kind: Literal["sentencepiece"]


class MarianEntry(Vocabularies):
    """A pair of sentencepiece models whose pieces get their ids from JSON files."""

    kind: Literal["marian"]
    source_ids: str  # file of the source pieces' ids
    target_ids: str
    source_unknown_id: int
    joining: PieceJoining = "sentencepiece"  # how the target's pieces become text


class CsanmtEntry(Vocabularies):
    """Words by jieba or Moses, then BPE; the vocabularies have a token a line."""

    kind: Literal["csanmt"]
    codes: str  # file of the source's BPE merges
    source_unknown_id: int


TokenizerEntry = Annotated[
    SentencePieceEntry | MarianEntry | CsanmtEntry, Field(discriminator="kind")
]


class Dimensions(Strict):
    """Sizes that the graphs were built with."""

    hidden_size: int
    num_heads: int  # of the decoder
    head_size: int
    num_decoder_layers: int
    source_vocab_size: int
    target_vocab_size: int
    max_positions: int  # bounds source (with its end symbol) and target
    semantic_bias: bool  # whether the decoder sees a sentence vector
    decoder: DecoderKind = "attention"  # a step's memory: keys and values, or a state of one size


class Decoding(Strict):
    """What the model recommends or needs; lengths are in tokens."""

    rules: Rules  # whose beam search (docs/engine.md)
    beam_size: int = Field(ge=1)
    length_penalty: float
    max_length: int = Field(ge=1)  # target tokens, the end symbol included
    length_ratio: float = Field(
        default=0.0, ge=0
    )  # target tokens a source token, beside the margin; 0: no such limit
    # Source tokens are counted without what surrounds them, so Bergamot's limit (2.0 times the
    # tokens with the end symbol) is a ratio of 2.0 and a margin of 2.
    length_margin: int = Field(default=16, ge=0)
    forced_end: bool = False  # the end symbol is taken at max_length whatever the model says
    end_id: int  # closes the target, and pads
    source_prefix: tuple[int, ...] = ()  # ids that the encoder is given before a sentence
    source_suffix: tuple[int, ...] | None = None  # and behind it; None: the end symbol
    max_source_length: int = Field(ge=1)  # source tokens a unit, without prefix and suffix

    @property
    def closing(self) -> tuple[int, ...]:
        """The ids that the encoder is given behind a sentence."""
        return (self.end_id,) if self.source_suffix is None else self.source_suffix


class Canary(Strict):
    """Which pairs serving replays before it is ready, and how exactly (decode/canary.py)."""

    file: str
    tolerance: float = Field(gt=0)  # largest |Δ log p| of a token


class Gate(Strict):
    """What judging the bundle against its float32 reference came to (docs/quantisation.md)."""

    kind: Literal["none", "quick", "full"]  # full: on the test sets
    passed: bool
    forced: bool = False  # it failed and was written all the same
    failures: tuple[str, ...] = ()


class Manifest(Strict):
    """`model.yaml`."""

    contract: int
    name: str
    family: Family
    languages: Languages
    tokenizer: TokenizerEntry
    dimensions: Dimensions
    decoding: Decoding
    canary: Canary
    recipe: dict[str, Any]  # name and settings of the quantisation recipe
    versions: dict[str, str]  # of the libraries that built it
    licence: str
    provenance: str
    scores: dict[str, str] = Field(
        default_factory=dict
    )  # metric or test set: value with its sacreBLEU signature
    gate: Gate | None = None
    files: dict[str, FileEntry]

    @model_validator(mode="after")
    def _positions_suffice(self) -> Self:
        decoding, positions = self.decoding, self.dimensions.max_positions
        around = len(decoding.source_prefix) + len(decoding.closing)
        if decoding.max_source_length + around > positions:
            raise ValueError(f"decoding.max_source_length: give at most {positions - around}")
        if decoding.max_length > positions:
            raise ValueError(f"decoding.max_length: give at most {positions}")
        return self


@dataclass(frozen=True)
class Bundle:
    """A verified bundle: every file of the manifest was there with the right size and hash."""

    path: Path
    manifest: Manifest

    def file(self, name: str) -> Path:
        """Path of a verified file; raises BundleError for one that the manifest does not list."""
        if name not in self.manifest.files:
            raise BundleError(
                f"{self.path / name} is not listed in {self.path / 'model.yaml'}: "
                "rebuild the bundle"
            )
        return self.path / name

    @staticmethod
    def load(path: str | Path) -> Bundle:
        """Read the manifest and verify every file.

        Raises BundleError naming the file, what was expected and what was found.
        """
        folder = find(path)
        return Bundle(folder, _verified(folder, read_manifest(folder)))

    @staticmethod
    def load_text(path: str | Path) -> Bundle:
        """A bundle of the vocabularies alone: what comes before and after the model need not read
        gigabytes of it.

        Raises as `load` does.
        """
        folder = find(path)
        manifest = read_manifest(folder)
        named = manifest.tokenizer.model_dump().values()
        files = {name: entry for name, entry in manifest.files.items() if name in named}
        return Bundle(folder, _verified(folder, manifest.model_copy(update={"files": files})))


def _verified(folder: Path, manifest: Manifest) -> Manifest:
    for name, entry in manifest.files.items():
        verify(folder, name, entry)
    return manifest


def find(path: str | Path) -> Path:
    """The bundle's folder: `path` itself, under the home folder, or a name under its `models/`."""
    given = Path(path)
    for candidate in (given, home() / given, home() / "models" / given):
        if (candidate / "model.yaml").is_file():
            return candidate.resolve()
    raise BundleError(
        f"{given / 'model.yaml'}: expected a model bundle, found no such file: "
        "run `make model`, or name a bundle"
    )


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a bundle's folder, whose files may still be wrong.

    Raises BundleError for one that is no manifest, or of another contract version.
    """
    path = folder / "model.yaml"
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
        _check_contract(path, values)
        return Manifest.model_validate(values)
    except (yaml.YAMLError, UnicodeDecodeError):
        raise BundleError(
            f"{path}: expected YAML, found something else: rebuild the bundle"
        ) from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise BundleError(
            f"{path}: {where}: {first['msg']} ({error.error_count()} in all): rebuild the bundle"
        ) from None


def _check_contract(path: Path, values: Any) -> None:
    """Other contracts have other keys, so this comes before the rest."""
    found = values.get("contract", CONTRACT) if isinstance(values, dict) else CONTRACT
    if found != CONTRACT:
        raise BundleError(
            f"{path}: expected graph contract {CONTRACT}, found {found}: rebuild the bundle"
        )


def verify(folder: Path, name: str, entry: FileEntry) -> None:
    """Raises BundleError unless the file lies in the folder with this size and hash."""
    path = folder / name
    if Path(name).is_absolute() or ".." in Path(name).parts:
        raise BundleError(
            f"{folder / 'model.yaml'}: {name} leaves the bundle's folder: rebuild the bundle"
        )
    if not path.is_file():
        raise BundleError(
            f"{path}: expected {entry.size} bytes, found no file: fetch or rebuild the bundle"
        )
    size = path.stat().st_size
    if size != entry.size:
        raise BundleError(
            f"{path}: expected {entry.size} bytes, found {size}: fetch or rebuild the bundle"
        )
    digest = sha256(path)
    if digest != entry.sha256:
        raise BundleError(
            f"{path}: expected sha256 {entry.sha256}, found {digest}: fetch or rebuild the bundle"
        )


def sha256(path: Path) -> str:
    """The hexadecimal SHA-256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
