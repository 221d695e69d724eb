"""What a bundle must hold before it serves: its canary, and every file that its graphs read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import ModelProto, TensorProto, helper, numpy_helper
from onnx.external_data_helper import set_external_data

from pipeline.bundle import Bundle
from pipeline.config import DEFAULT_MODEL
from pipeline.decode import canary
from pipeline.decode.sessions import Sessions, external_files
from pipeline.decode.teacher_forcing import forced_logprobs
from pipeline.errors import BundleError


def test_the_canary_passes_and_notices_another_model(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert canary.replay(sessions) <= sessions.bundle.manifest.canary.tolerance
    monkeypatch.setattr(
        canary, "forced_logprobs", lambda *given: [row - 1 for row in forced_logprobs(*given)]
    )
    with pytest.raises(BundleError, match="within"):
        canary.replay(sessions)


@pytest.mark.parametrize(
    "text",
    [
        '{"pairs": []}',
        '{"pairs": [{"source": [5], "target": [6], "logprobs": [-1.0]}]}',
        '{"pairs": [{"source": [5], "target": [6]}]}',
        "[]",
        "",
    ],
)
def test_a_canary_that_could_not_fail_is_refused_in_one_line(
    sessions: Sessions, tmp_path: Path, text: str
) -> None:
    (tmp_path / sessions.bundle.manifest.canary.file).write_text(text)
    with pytest.raises(BundleError, match="rebuild the bundle") as caught:
        canary.read(replace(sessions.bundle, path=tmp_path))
    assert "\n" not in str(caught.value)


def test_a_graph_whose_weights_the_manifest_does_not_list_is_refused() -> None:
    bundle = Bundle.load(DEFAULT_MODEL)
    listed = {name: entry for name, entry in bundle.manifest.files.items() if name != "weights.bin"}
    manifest = bundle.manifest.model_copy(update={"files": listed})
    with pytest.raises(BundleError, match=r"weights\.bin is not listed"):
        Sessions(replace(bundle, manifest=manifest))


def external(name: str) -> TensorProto:
    tensor = numpy_helper.from_array(np.zeros(4, np.float32), "t")
    set_external_data(tensor, name, offset=0, length=16)
    return tensor


def model(names: list[str]) -> ModelProto:
    """A graph with a tensor in every place that may hold one, in files of these names in turn."""
    tensors = [external(names[place % len(names)]) for place in range(3)]
    inner = helper.make_graph([], "inner", [], [], initializer=[tensors[0]])
    nodes = [
        helper.make_node("Constant", [], ["c"], value=tensors[1]),
        helper.make_node("If", ["c"], ["d"], then_branch=inner, else_branch=inner),
    ]
    return helper.make_model(helper.make_graph(nodes, "g", [], [], initializer=[tensors[2]]))


@given(st.lists(st.text(min_size=1, max_size=200), min_size=1, max_size=3))
def test_every_file_that_a_graph_keeps_tensors_in_is_found(names: list[str]) -> None:
    assert external_files(model(names).SerializeToString()) == set(names)


def test_a_graph_that_holds_its_tensors_itself_names_no_file() -> None:
    tensor = numpy_helper.from_array(np.zeros(4, np.float32), "location")
    graph = helper.make_graph([], "location", [], [], initializer=[tensor])
    assert external_files(helper.make_model(graph).SerializeToString()) == set()
