"""Which replicas HAProxy asks, by what Ray's controller tells its manager."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from ray.serve._private import haproxy
from ray.serve._private.haproxy import BackendConfig, ServerConfig

from deployments.front.manager import owner, prepare, sweep, with_known

SERVER = ServerConfig(name="replica", host="127.0.0.1", port=30_000)
SERVED = BackendConfig(
    name="http-a",
    path_prefix="/",
    app_name="a",
    servers=[SERVER],
    ingress_deployment_name="ingress",
)
BUILT = BackendConfig(name="http-a", path_prefix="/", app_name="a")
GONE = BackendConfig(
    name="http-a", path_prefix="/", app_name="a", ingress_deployment_name="ingress"
)


def test_an_application_that_is_built_anew_keeps_its_replicas() -> None:
    assert with_known({"http-a": BUILT}, {"http-a": SERVED}) == {"http-a": SERVED}


def test_one_that_was_never_built_has_none() -> None:
    assert with_known({"http-a": BUILT}, {}) == {"http-a": BUILT}


def test_one_whose_replicas_are_gone_loses_them() -> None:
    assert with_known({"http-a": GONE}, {"http-a": SERVED}) == {"http-a": GONE}


def test_one_that_was_deleted_is_forgotten() -> None:
    assert with_known({}, {"http-a": SERVED}) == {}


def test_a_folder_is_its_last_managers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in vars(haproxy):
        if name.startswith("RAY_SERVE_HAPROXY_") or name == "HAProxyApi":
            monkeypatch.setattr(haproxy, name, getattr(haproxy, name))  # as it was, afterwards
    folder = tmp_path / "node"
    assert owner(folder) is None
    prepare(folder)
    assert owner(folder) == os.getpid()
    (folder / "manager.pid").write_text("1", encoding="utf-8")  # of the next one
    assert owner(folder) == 1


def test_folders_of_nobody_alive_are_swept(tmp_path: Path) -> None:
    with subprocess.Popen(["true"]) as gone:
        gone.wait()
    own, dead, managed, served, unknown = (
        tmp_path / name for name in ("own", "dead", "managed", "served", "unknown")
    )
    for folder, pid in ((own, gone.pid), (dead, gone.pid), (managed, os.getpid())):
        folder.mkdir()
        (folder / "manager.pid").write_text(str(pid), encoding="utf-8")
    unknown.mkdir()  # of a manager that is about to say so
    served.mkdir()
    (served / "manager.pid").write_text(str(gone.pid), encoding="utf-8")
    waits = [sys.executable, "-c", "input()", str(served / "haproxy.cfg")]
    with subprocess.Popen(waits, stdin=subprocess.PIPE) as front:
        (served / "haproxy.pid").write_text(str(front.pid), encoding="utf-8")
        sweep(own)
        assert sorted(tmp_path.iterdir()) == sorted((own, managed, served, unknown))
        front.kill()
    sweep(own)
    assert not served.exists()
