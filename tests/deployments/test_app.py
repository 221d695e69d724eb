"""What the builder does before anything is deployed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import ray

from deployments import app
from pipeline.errors import UserError


@pytest.mark.parametrize(
    ("address", "started", "nodes"),
    [("local", True, 1), ("local", False, 1), ("auto", False, 1), ("10.0.0.1:6379", True, 2)],
)
def test_machines_are_counted_where_ray_is_not_our_own(
    address: str, started: bool, nodes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_ADDRESS", address)
    monkeypatch.setattr(ray, "is_initialized", lambda: started)
    alive: list[dict[str, Any]] = [{"Alive": True}, {"Alive": False}, {"Alive": True}]
    monkeypatch.setattr(ray, "nodes", lambda: alive)
    assert app.nodes() == nodes


def test_the_state_is_made_ready_and_its_address_given_in_full(tmp_path: Path) -> None:
    path = tmp_path / "csanmt.db"
    built = app.build({"store": {"url": str(path)}})
    (config, *_) = built._bound_deployment.init_args
    assert config.store.url == f"sqlite+aiosqlite:///{path}"
    assert path.exists()


def test_a_file_and_several_machines_end_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "nodes", lambda: 3)
    with pytest.raises(UserError, match=r"^store\.url: .* a file of one machine.* has 3"):
        app.build({"store": {"url": str(tmp_path / "csanmt.db")}})
