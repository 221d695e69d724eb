"""Putting a judged bundle in its place, whole."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import yaml

from pipeline.bundle import Bundle, FileEntry, Manifest, read_manifest, sha256
from pipeline.errors import BundleError, UserError
from quantize.judge.gate import Verdict

MANIFEST, CALIBRATION = "model.yaml", "calibration.json"
REPORT_FILES = ("report.md", "report.json", "report")  # the last holds the plots


def check_place(out: Path) -> None:
    """Raises UserError for a place that a bundle cannot be written to."""
    if out.exists() and not out.is_dir():
        raise UserError(f"{out} is a file: name a folder for the bundle")
    if out.is_mount():
        raise UserError(f"{out} is a mount point, which cannot be replaced: name a folder in it")


def publish(bundle: Bundle, out: Path, verdict: Verdict, *, force: bool = False) -> Bundle:
    """Move a judged bundle to `out`, and return it verified.

    Wherever this is broken off, `out` is the old bundle or the new one. (If the machine stops
    between two renames, the old one lies beside `out`, and the next call puts it back.) What `out`
    holds beside a bundle's own files (README.md, source/) stays; a report on another bundle goes.
    Raises UserError, and leaves `out` alone, for a bundle that failed unless `force`.
    """
    gate = verdict.gate
    if not gate.passed:
        if not force:
            failures = "; ".join(gate.failures)
            raise UserError(
                f"{out} is not written: {failures}: choose another recipe, or add --force"
            )
        gate = gate.model_copy(update={"forced": True})
    out = out.resolve()  # a link to the bundle's folder stays one
    update = {"gate": gate, "scores": verdict.scores, "name": out.name}
    manifest = bundle.manifest.model_copy(update=update)
    write_manifest(bundle.path, manifest)
    out.parent.mkdir(parents=True, exist_ok=True)
    new, old = (out.with_name(f".{out.name}-{age}") for age in ("new", "old"))
    _recover(out, old)
    shutil.rmtree(new, ignore_errors=True)
    shutil.move(bundle.path, new)
    if out.is_dir():
        for path in _kept(out, manifest):
            _copy(path, new / path.name)
        new.chmod(out.stat().st_mode)
    _swap(new, out, old)
    return Bundle.load(out)


def _recover(out: Path, old: Path) -> None:
    """Put back what `_swap` had moved away when the machine stopped; remove what it left over."""
    if out.exists():
        shutil.rmtree(old, ignore_errors=True)
    elif old.exists():
        old.rename(out)


def _kept(out: Path, manifest: Manifest) -> list[Path]:
    """What stays of a folder when a bundle with this manifest replaces the one in it."""
    try:
        before = read_manifest(out)
    except (BundleError, OSError):
        before = None
    replaced = {MANIFEST, CALIBRATION, *manifest.files, *(before.files if before else ())}
    if before is None or not _same_model(before, manifest):
        replaced |= set(REPORT_FILES)
    return [path for path in sorted(out.iterdir()) if path.name not in replaced]


def _same_model(one: Manifest, other: Manifest) -> bool:
    """Whether a report on one bundle is true of the other: only their canaries may differ."""
    files = [
        {name: entry for name, entry in manifest.files.items() if name != manifest.canary.file}
        for manifest in (one, other)
    ]
    return one.recipe == other.recipe and files[0] == files[1]


def _copy(path: Path, target: Path) -> None:
    """Copy a file, a link or a folder; files are linked where the file system can."""
    if path.is_dir() and not path.is_symlink():
        shutil.copytree(path, target, symlinks=True, copy_function=_link)
    else:
        _link(path, target)


def _link(path: str | Path, target: str | Path) -> None:
    try:
        os.link(path, target, follow_symlinks=False)
    except (OSError, NotImplementedError):
        shutil.copy2(path, target, follow_symlinks=False)


def _swap(new: Path, out: Path, old: Path) -> None:
    """Replace `out` by `new`, or put it back where it was."""
    if not out.exists():
        new.rename(out)
        return
    out.rename(old)
    try:
        new.rename(out)
    except BaseException:
        old.rename(out)
        raise
    shutil.rmtree(old)


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write `model.yaml`."""
    text = yaml.safe_dump(manifest.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
    (folder / MANIFEST).write_text(text, encoding="utf-8")


def file_entry(path: Path) -> FileEntry:
    """The file as the manifest lists it."""
    return FileEntry(sha256=sha256(path), size=path.stat().st_size)
