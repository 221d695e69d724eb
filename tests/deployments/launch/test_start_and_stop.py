"""How the launcher starts, refuses to start, and stops."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psutil
import pytest
import yaml

from benchmarks.support.processes import command, descendants
from benchmarks.support.service import ROOT, STARTS_WITHIN_S, Service, wait_for

MODEL = "csanmt-zh-en-tiny"
ARTICLE = (ROOT / "tests" / "data" / "article.zh.txt").read_text(encoding="utf-8")
NewService = Callable[..., Service]
SLACK = 2  # for a machine that others use as well


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A copy of the model that may be damaged."""
    copy = tmp_path / "damaged"
    shutil.copytree(ROOT / "models" / MODEL, copy, ignore=shutil.ignore_patterns("source"))
    return copy


def refusal(service: Service, status: int) -> str:
    """The one line with which the launcher ends."""
    process = service.launch()
    assert process.wait(120) == status, service.output()
    lines = service.output().splitlines()
    assert not any(line.startswith("Ready") for line in lines)
    assert lines[-1].startswith("error: "), service.output()
    return lines[-1].removeprefix("error: ")


def test_a_missing_file_ends_the_start_with_one_line(new_service: NewService, bundle: Path) -> None:
    path = bundle / "weights.bin"
    size = path.stat().st_size
    path.unlink()
    line = refusal(new_service(models=[str(bundle)]), 2)
    assert line.startswith(f"{path}: expected {size} bytes, found no file: ")


def test_a_truncated_file_ends_the_start_with_one_line(
    new_service: NewService, bundle: Path
) -> None:
    path = bundle / "encoder.onnx"
    size = path.stat().st_size
    os.truncate(path, 100)
    line = refusal(new_service(models=[str(bundle)]), 2)
    assert line.startswith(f"{path}: expected {size} bytes, found 100: ")


def test_an_altered_file_ends_the_start_with_one_line(
    new_service: NewService, bundle: Path
) -> None:
    path = bundle / "step.onnx"
    data = bytearray(path.read_bytes())
    expected = hashlib.sha256(data).hexdigest()
    data[1000] ^= 1
    path.write_bytes(data)
    line = refusal(new_service(models=[str(bundle)]), 2)
    assert line.startswith(
        f"{path}: expected sha256 {expected}, found {hashlib.sha256(data).hexdigest()}: "
    )


def test_a_model_that_is_not_there_ends_the_start_with_one_line(new_service: NewService) -> None:
    assert refusal(new_service(models=["no-such"]), 2).startswith(
        "no-such/model.yaml: expected a model bundle, found "
    )


def test_an_unknown_setting_ends_the_start_with_one_line(new_service: NewService) -> None:
    service = new_service(limits={"charcters": 5})
    assert refusal(service, 2).startswith(f"{service.config}: args: limits.charcters: ")


def test_a_busy_port_ends_the_start_with_one_line(new_service: NewService) -> None:
    service = new_service()
    with socket.create_server(("127.0.0.1", service.port)):
        line = refusal(service, 2)
    assert line.startswith(
        f"cannot listen on 127.0.0.1:{service.port} (Address already in use): stop what listens"
    )


def test_of_two_that_start_at_once_on_a_port_one_runs(new_service: NewService) -> None:
    one, other = new_service(), new_service()
    other.port, other.url = one.port, one.url
    processes = {service: service.launch() for service in (one, other)}
    wait_for(lambda: any(process.poll() is not None for process in processes.values()), 60)
    (refused,) = (service for service, process in processes.items() if process.poll() is not None)
    (runs,) = processes.keys() - {refused}
    assert processes[refused].returncode == 2
    assert refused.output().splitlines() == [
        f"error: cannot listen on 127.0.0.1:{one.port} (Address already in use): "
        "stop what listens there, or choose another with CSANMT_PORT (and CSANMT_HOST)"
    ]
    wait_for(lambda: "Ready at" in runs.output(), STARTS_WITHIN_S)
    begun = time.monotonic()
    assert runs.stop() == 0, runs.output()
    assert time.monotonic() - begun < 10 * SLACK
    assert left(runs.folder) == []


def left(folder: Path) -> list[str]:
    """Processes that still have something to do with the service in this folder."""
    return [command(pid) for pid in psutil.pids() if belongs(pid, folder)]


def belongs(pid: int, folder: Path) -> bool:
    """Ray's agents say it in their environment alone."""
    try:
        told = psutil.Process(pid).environ().get("RAY_TMPDIR")
    except psutil.Error:
        return False
    return told == str(folder) or str(folder) in command(pid)


def listens(service: Service) -> bool:
    """The first thing that the launcher does, with a thread."""
    assert service.process is not None
    return psutil.Process(service.process.pid).num_threads() > 1


def has(process: str) -> Callable[[Service], bool]:
    def found(service: Service) -> bool:
        assert service.process is not None
        return any(process in command(pid) for pid in descendants(service.process.pid))

    return found


@pytest.mark.parametrize(
    ("moment", "signals"),
    [
        pytest.param(listens, 1, id="before Ray"),
        pytest.param(has("gcs_server"), 2, id="Ray begins"),
        pytest.param(has("ray::RuntimeEnvAgent"), 1, id="Ray is nearly there"),
        pytest.param(has("ray::ServeController"), 1, id="Serve begins"),
        pytest.param(has("ray::ServeReplica:csanmt:translate"), 1, id="nearly ready"),
    ],
)
def test_a_stop_while_it_starts_leaves_nothing(
    new_service: NewService, moment: Callable[[Service], bool], signals: int
) -> None:
    service = new_service()
    process = service.launch()
    wait_for(lambda: moment(service), STARTS_WITHIN_S)
    begun = time.monotonic()
    for _ in range(signals):
        process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0, service.output()
    assert time.monotonic() - begun < 2 * SLACK
    assert service.output() == "Stopping\n"
    wait_for(lambda: left(service.folder) == [], 2)


def test_a_canary_that_fails_ends_the_start_with_one_line(
    new_service: NewService, bundle: Path
) -> None:
    manifest = yaml.safe_load((bundle / "model.yaml").read_text(encoding="utf-8"))
    manifest["canary"]["tolerance"] = 1e-9
    (bundle / "model.yaml").write_text(yaml.safe_dump(manifest), encoding="utf-8")
    service = new_service(models=[str(bundle)], health={"start_attempts": 1})
    line = refusal(service, 1)
    assert line.startswith(
        f"the deployment failed: {bundle / 'canary.json'}: expected log-probabilities within 1e-09"
    )
    assert left(service.folder) == []


def test_help_says_what_it_does() -> None:
    command = [sys.executable, "-m", "deployments", "--help"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "serve_config.yaml" in result.stdout


def test_starts_and_translates_behind_a_proxy_for_other_machines(new_service: NewService) -> None:
    nowhere = "http://127.0.0.1:9"
    proxies = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), nowhere)
    service = new_service(environment={**proxies, "no_proxy": "", "NO_PROXY": ""}).start()
    with httpx.Client(trust_env=False, timeout=60) as client:
        answer = client.post(f"{service.url}/translate", json={"text": "今天天气很好。"})
    assert answer.status_code == 200
    assert service.stop() == 0, service.output()


def test_sigterm_lets_requests_under_way_finish(new_service: NewService) -> None:
    service = new_service().start()
    assert service.process is not None
    idle = service.cpu("translate")
    with ThreadPoolExecutor() as pool:
        long = pool.submit(service.translate, ARTICLE * 8)
        wait_for(lambda: service.cpu("translate") > idle + 0.3, 30)
        service.process.send_signal(signal.SIGTERM)
        wait_for(lambda: httpx.get(f"{service.url}/readyz").status_code == 503, 10)
        refused = service.translate("你好")
        assert not long.done()
        answer = long.result()
    assert refused.status_code == 503 and refused.json() == {"error": "The service is stopping"}
    assert refused.headers["retry-after"]
    assert answer.status_code == 200
    assert service.process.wait(60) == 0, service.output()
    assert "Traceback" not in service.output()
