"""Putting a judged bundle in its place."""

from __future__ import annotations

import shutil
from pathlib import Path

import yaml

from pipeline.bundle import Bundle, FileEntry, Manifest, sha256
from pipeline.errors import UserError
from quantize.judge.gate import Verdict

REPORT_FILES = ("report.md", "report.json", "report")  # the last holds the plots


def check_place(out: Path) -> None:
    """Raises UserError for a place that a bundle cannot be written to."""
    if out.exists() and not out.is_dir():
        raise UserError(f"{out} is a file: name a folder for the bundle")


def publish(bundle: Bundle, out: Path, verdict: Verdict, *, force: bool = False) -> Bundle:
    """Move a judged bundle to `out`.

    What `out` holds beside a bundle's own files (README.md, source/) stays; a report on other
    weights goes. Raises UserError, and leaves `out` alone, for a bundle that failed unless `force`.
    """
    gate = verdict.gate
    if not gate.passed:
        if not force:
            failures = "; ".join(gate.failures)
            raise UserError(
                f"{out} is not written: {failures}: choose another recipe, or add --force"
            )
        gate = gate.model_copy(update={"forced": True})
    update = {"gate": gate, "scores": verdict.scores, "name": out.name}
    write_manifest(bundle.path, bundle.manifest.model_copy(update=update))
    out.mkdir(parents=True, exist_ok=True)
    weights = out / "weights.bin"
    if weights.is_file() and sha256(weights) != bundle.manifest.files["weights.bin"].sha256:
        for name in REPORT_FILES:
            _remove(out / name)
    if "calibration.json" not in bundle.manifest.files:
        _remove(out / "calibration.json")
    for name in (*bundle.manifest.files, "model.yaml"):
        shutil.move(bundle.path / name, out / name)
    return Bundle.load(out)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write `model.yaml`."""
    text = yaml.safe_dump(manifest.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
    (folder / "model.yaml").write_text(text, encoding="utf-8")


def file_entry(path: Path) -> FileEntry:
    """The file as the manifest lists it."""
    return FileEntry(sha256=sha256(path), size=path.stat().st_size)
