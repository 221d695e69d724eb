"""Models of Hugging Face by id, from a hub on this machine that its library is pointed at."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.errors import UserError
from quantize.sources.hubs.huggingface import needed
from tests.quantize.sources.ctranslate2.models import model
from tests.quantize.sources.hubs.site import Site

ID = "quickmt/quickmt-zh-en"
REVISION = "c27cc8024e01" + "0" * 28
QUICKMT = ["config.json", "model.bin", "source_vocabulary.json", "src.spm.model"]
QUICKMT += ["target_vocabulary.json", "tgt.spm.model"]


@pytest.mark.parametrize(
    "names,wanted",
    [
        ([*QUICKMT, "README.md", "model.safetensors.old", "onnx/model.bin"], QUICKMT),
        (
            ["config.json", "pytorch_model.bin", "source.spm", "vocab.json", "tf_model.h5"],
            ["config.json", "pytorch_model.bin", "source.spm", "vocab.json"],
        ),
        (
            ["config.json", "pytorch_model.bin", "model.safetensors", "vocab.json"],
            ["config.json", "model.safetensors", "vocab.json"],
        ),
        (
            ["model.zhen.intgemm.alphas.bin", "lex.50.50.zhen.s2t.bin", "vocab.zhen.spm", "a/b"],
            ["model.zhen.intgemm.alphas.bin", "vocab.zhen.spm"],
        ),
        (
            ["model.zhen.bin.zst", "srcvocab.zhen.spm.zst", "trgvocab.zhen.spm.zst"],
            ["model.zhen.bin.zst", "srcvocab.zhen.spm.zst", "trgvocab.zhen.spm.zst"],
        ),
    ],
)
def test_only_the_files_of_one_model_are_fetched(names: list[str], wanted: list[str]) -> None:
    assert needed(ID, names) == wanted


def test_a_repository_without_a_model_is_refused() -> None:
    with pytest.raises(UserError, match="quickmt-zh-en of Hugging Face has no model of a known"):
        needed(ID, ["README.md", "model.gguf", "folder/model.bin"])


class Hub:
    """A repository on a site, and the command that builds of it."""

    def __init__(self, site: Site, folder: Path) -> None:
        self.site, self.folder = site, folder
        site.headers["X-Repo-Commit"] = REVISION
        self.files = {path.name: path.read_bytes() for path in model("quickmt", folder).iterdir()}
        self.files["README.md"] = b"A model."
        self.publish()

    def publish(self, **hashes: str) -> None:
        siblings: list[dict[str, Any]] = []
        for name, content in self.files.items():
            digits = hashes.get(name.partition(".")[0], hashlib.sha256(content).hexdigest())
            large = {"lfs": {"sha256": digits, "size": len(content), "pointerSize": 134}}
            entry: dict[str, Any] = {"rfilename": name, "size": len(content), "blobId": "0" * 40}
            siblings.append(entry | (large if name == "model.bin" else {}))
            self.site.add(f"/{ID}/resolve/{REVISION}/{name}", content)
        answer = {"id": ID, "sha": REVISION, "siblings": siblings}
        for path in (f"/api/models/{ID}", f"/api/models/{ID}/revision/main"):
            self.site.add_json(path, answer)

    def build(self, endpoint: str | None = None) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "quantize", "build", ID, "--recipe", "fp32"]
        place = {"HF_ENDPOINT": endpoint or self.site.url, "HF_HOME": str(self.folder / "hub")}
        return subprocess.run(
            [*command, "--out", str(self.folder / "bundle"), "--force"],
            env=os.environ | place,
            capture_output=True,
            text=True,
            check=False,
        )

    def provenance(self) -> str:
        manifest = yaml.safe_load((self.folder / "bundle" / "model.yaml").read_bytes())
        return str(manifest["provenance"])


@pytest.fixture
def hub(site: Site, tmp_path: Path) -> Hub:
    return Hub(site, tmp_path)


@pytest.mark.quantize
def test_the_files_there_decide_which_source(hub: Hub) -> None:
    done = hub.build()
    assert done.returncode == 0, done.stderr
    wanted = f"converted from {ID} of Hugging Face, revision {REVISION}"
    assert hub.provenance() == wanted
    assert f"/{ID}/resolve/{REVISION}/README.md" not in hub.site.paths()
    again = hub.build("http://127.0.0.1:9")
    assert again.returncode == 0, again.stderr
    assert "cannot be reached: taking what was downloaded before" in again.stdout


@pytest.mark.quantize
def test_a_file_with_another_hash_is_refused_and_not_kept(hub: Hub) -> None:
    hub.publish(model="0" * 64)
    done = hub.build()
    assert done.returncode == 2
    assert f"model.bin of {ID} has the sha256" in done.stderr
    assert not (hub.folder / "bundle").exists()
    hub.publish()
    assert hub.build().returncode == 0


@pytest.mark.quantize
def test_a_repository_that_is_not_there_is_one_line(hub: Hub) -> None:
    hub.site.files.clear()
    done = hub.build()
    assert done.returncode == 2
    error = done.stderr.strip().splitlines()[-1]
    assert f"{ID} cannot be downloaded from Hugging Face (404 Client Error" in error
