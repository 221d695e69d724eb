"""TensorFlow checkpoints, whole and damaged."""

from __future__ import annotations

import shutil
import struct
from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import UserError
from quantize.sources.modelscope import read_configuration
from quantize.sources.tensorflow.checkpoint import TfCheckpoint
from quantize.sources.tensorflow.index import FOOTER, masked_checksum
from quantize.sources.tensorflow.variables import read_weights
from tests.reference import FOLDER, Reference

CASE = FOLDER / "tiny_abs_shared" / "tf_ckpts"
EMBEDDING = "NmtModel/Shared_Embedding/Weights"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The prefix of a copy that a test may damage."""
    shutil.copytree(CASE, tmp_path / "ckpts")
    return tmp_path / "ckpts" / "ckpt-0"


def damage(path: Path, at: int, bits: int = 0xFF) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= bits
    path.write_bytes(data)


def test_a_checksum_is_castagnolis_rotated_and_shifted() -> None:
    """0xE3069283 is the check value of CRC-32C; LevelDB's `util/crc32c.h` has the mask."""
    plain = 0xE3069283
    masked = ((plain >> 15 | plain << 17) + 0xA282EAD8) & 0xFFFFFFFF
    assert masked_checksum(b"123456789") == masked
    assert masked_checksum(np.frombuffer(b"123456789", np.uint8)) == masked
    assert masked_checksum(b"") == 0xA282EAD8


def test_tensors_are_found_by_name(reference: Reference) -> None:
    checkpoint = TfCheckpoint(reference.folder / "tf_ckpts" / "ckpt-0")
    hidden, vocabulary = reference.model["hidden_size"], reference.model["trg_vocab_size"]
    shared = reference.model["shared_source_target_embedding"]
    table = checkpoint.read(EMBEDDING if shared else "NmtModel/Target_Embedding/Weights")
    assert table.shape == (vocabulary, hidden)
    assert table.dtype == np.float32
    assert np.isfinite(table).all()
    assert checkpoint.shape("NmtModel/encoder_input_bias") == (hidden,)


def test_an_optimisers_slots_are_never_read(tmp_path: Path) -> None:
    shutil.copytree(FOLDER / "deep_zh2en_like" / "tf_ckpts", tmp_path / "ckpts")
    path = tmp_path / "ckpts" / "ckpt-0.data-00000-of-00001"
    whole = TfCheckpoint(FOLDER / "deep_zh2en_like" / "tf_ckpts" / "ckpt-0")
    data, kept = path.read_bytes(), bytearray(path.stat().st_size)
    weights = [
        name
        for name in whole._entries
        if not name.endswith(("/Adam", "/Adam_1", "_power", "global_step"))
    ]
    assert len(weights) == 511
    for name in weights:
        entry = whole._entries[name]
        kept[entry.offset : entry.offset + entry.size] = data[
            entry.offset : entry.offset + entry.size
        ]
    path.write_bytes(kept)

    config = read_configuration(FOLDER / "deep_zh2en_like").model.config() | {
        "target_semantic_embedding": False
    }
    loaded = read_weights(TfCheckpoint(tmp_path / "ckpts" / "ckpt-0"), config)
    assert sum(loaded[name].size for name in loaded) > 300_000
    with pytest.raises(UserError, match="checksum"):
        TfCheckpoint(tmp_path / "ckpts" / "ckpt-0").read(f"NmtModel/{EMBEDDING}/Adam")


def test_a_missing_shard_is_named(copy: Path) -> None:
    copy.with_name("ckpt-0.data-00000-of-00001").unlink()
    with pytest.raises(UserError, match=r"data-00000-of-00001: missing"):
        TfCheckpoint(copy).read(EMBEDDING)


def test_a_missing_index_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"ckpt-0\.index: missing"):
        TfCheckpoint(tmp_path / "ckpt-0")


@pytest.mark.parametrize("kept", [10, 1000, -4])
def test_a_truncated_index_is_refused(copy: Path, kept: int) -> None:
    path = copy.with_name("ckpt-0.index")
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(UserError, match="truncated"):
        TfCheckpoint(copy)


def test_an_altered_index_is_refused(copy: Path) -> None:
    damage(copy.with_name("ckpt-0.index"), at=200)
    with pytest.raises(UserError, match="altered"):
        TfCheckpoint(copy)


def test_a_compressed_block_is_refused(copy: Path) -> None:
    path = copy.with_name("ckpt-0.index")
    data = bytearray(path.read_bytes())
    start, size = index_block(bytes(data))
    data[start + size] = 1  # snappy
    checksum = masked_checksum(bytes(data[start : start + size + 1]))
    data[start + size + 1 : start + size + 5] = struct.pack("<I", checksum)
    path.write_bytes(data)
    with pytest.raises(UserError, match="compressed"):
        TfCheckpoint(copy)


def index_block(data: bytes) -> tuple[int, int]:
    """Offset and size of the table's index block, which the footer names after the meta index."""
    numbers, at = [], len(data) - FOOTER
    for _ in range(4):
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        numbers.append(value)
    return numbers[2], numbers[3]


def test_truncated_data_is_reported_before_anything_is_read(copy: Path) -> None:
    path = copy.with_name("ckpt-0.data-00000-of-00001")
    path.write_bytes(path.read_bytes()[:-8])
    checkpoint = TfCheckpoint(copy)
    last = max(checkpoint._entries, key=lambda name: checkpoint._entries[name].offset)
    with pytest.raises(UserError, match="truncated"):
        checkpoint.require({last: checkpoint.shape(last)})


def test_altered_data_is_refused(copy: Path) -> None:
    checkpoint = TfCheckpoint(copy)
    damage(
        copy.with_name("ckpt-0.data-00000-of-00001"),
        checkpoint._entries[EMBEDDING].offset + 5,
        bits=1,
    )
    with pytest.raises(UserError, match=f"{EMBEDDING} are altered"):
        checkpoint.read(EMBEDDING)


def test_a_missing_variable_is_named(copy: Path) -> None:
    checkpoint = TfCheckpoint(copy)
    with pytest.raises(UserError, match="no variable NmtModel/Softmax"):
        checkpoint.read("NmtModel/Softmax")
    with pytest.raises(UserError, match="no variable NmtModel/Softmax and 1 more"):
        checkpoint.require(
            {"NmtModel/Softmax": (1,), "NmtModel/Other": (1,), EMBEDDING: (1200, 64)}
        )


def test_a_wrong_shape_is_refused(copy: Path) -> None:
    with pytest.raises(UserError, match=r"\[1200, 64\], expected \[1000, 64\]"):
        TfCheckpoint(copy).require({EMBEDDING: (1000, 64)})
