"""What the service lets others on the network reach, and what it writes down."""

from __future__ import annotations

import ipaddress
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

import grpc
import httpx
import pytest
import yaml
from dotenv import dotenv_values
from ray.serve.generated.serve_pb2 import ASGIRequest
from ray.serve.generated.serve_pb2_grpc import ASGIServiceStub

from benchmarks.support.processes import command, descendants
from benchmarks.support.service import ROOT, STARTS_WITHIN_S, Service, wait_for

LISTENING = "0A"
SECRET = "鹦鹉在月光下背诵乘法口诀。"


def listening(service: Service) -> dict[tuple[str, int], str]:
    """Address and port of every socket that a process of the service listens on, with that
    process's command.
    """
    assert service.process is not None
    owners = {}
    for pid in descendants(service.process.pid):
        # Before its sockets: HAProxy's last process hands them to the next one and ends meanwhile.
        owner = command(pid)
        for descriptor in Path(f"/proc/{pid}/fd").glob("*"):
            try:
                target = str(descriptor.readlink())
            except OSError:
                continue
            if match := re.fullmatch(r"socket:\[(\d+)\]", target):
                owners[match[1]] = owner
    found = {}
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == LISTENING and fields[9] in owners:
                address, port = fields[1].split(":")
                found[decode(address), int(port, 16)] = owners[fields[9]]
    return found


def decode(address: str) -> str:
    """The kernel prints addresses as words in the machine's byte order."""
    data = b"".join(bytes.fromhex(address[i : i + 8])[::-1] for i in range(0, len(address), 8))
    return str(ipaddress.ip_address(data))


def open_to_others(service: Service) -> dict[int, str]:
    """Ports that other machines can reach, with the processes that listen there."""
    return {
        port: owner
        for (address, port), owner in listening(service).items()
        if not (ip := ipaddress.ip_address(address)).is_loopback
        and not (
            isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped and ip.ipv4_mapped.is_loopback
        )
    }


def assert_asks_for_a_token(port: int) -> None:
    for metadata in (None, [("authorization", "Bearer " + "0" * 64)]):
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            with pytest.raises(grpc.RpcError) as error:
                ASGIServiceStub(channel).HandleRequest(ASGIRequest(), timeout=10, metadata=metadata)
            assert error.value.code() is grpc.StatusCode.UNAUTHENTICATED


def assert_kept_to_this_machine_and_user(service: Service) -> None:
    """Also HAProxy's: of its own, only the front door listens, and a socket in a folder."""
    found = listening(service)
    doors = [address for address, owner in found.items() if "/haproxy -db " in owner]
    assert doors == [("127.0.0.1", service.port)]
    for port, owner in open_to_others(service).items():
        assert owner.startswith("ray::ServeReplica:"), (port, owner)
        assert_asks_for_a_token(port)
    folder = front_folder(service)
    assert folder.stat().st_mode & 0o077 == folder.parent.parent.stat().st_mode & 0o077 == 0
    for path in folder.iterdir():
        assert path.stat().st_mode & 0o077 == 0, path
    assert not any("ProxyActor" in command(pid) for pid in processes(service))


def processes(service: Service) -> list[int]:
    assert service.process is not None
    return descendants(service.process.pid)


def front_folder(service: Service) -> Path:
    """Where HAProxy's files are."""
    found = re.search(r"/haproxy -db -f (/\S+)/haproxy\.cfg", " ".join(listening(service).values()))
    assert found is not None
    return Path(found[1])


def test_only_serves_internal_grpc_listens_beyond_this_machine_and_asks_for_a_token(
    service: Service,
) -> None:
    assert_kept_to_this_machine_and_user(service)


class Raw(Service):
    """The same, started with `serve run` and configs/serve.env instead of our launcher."""

    def launch(self) -> subprocess.Popen[bytes]:
        document = yaml.safe_load(self.config.read_text(encoding="utf-8"))
        document["http_options"]["port"] = self.port
        self.config.write_text(yaml.safe_dump(document), encoding="utf-8")
        environment = {
            **os.environ,
            **dotenv_values(ROOT / "configs/serve.env", interpolate=False),
            "PYTHONPATH": str(ROOT),
            "RAY_TMPDIR": str(self.folder),
            "RAY_AUTH_TOKEN": secrets.token_hex(32),
        }
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "ray.serve.scripts", "run", str(self.config)],
                cwd=self.folder,
                env={name: value for name, value in environment.items() if value is not None},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                # Shells have what they start in the background ignore it, which is inherited.
                preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
            )
        return self.process

    def start(self) -> Raw:
        self.launch()
        wait_for(self.answers, STARTS_WITHIN_S)
        return self

    def answers(self) -> bool:
        try:
            return self.translate(SECRET).status_code == 200
        except httpx.HTTPError:
            return False


def test_serve_run_is_as_private_and_runs_beside_another_service(service: Service) -> None:
    raw = Raw(Path(tempfile.mkdtemp(prefix="cs", dir="/tmp")))
    try:
        raw.start()
        assert_kept_to_this_machine_and_user(raw)
        assert_kept_to_this_machine_and_user(service)
        folder = front_folder(raw)
        assert service.translate(SECRET).status_code == 200
    finally:
        raw.stop()
        shutil.rmtree(raw.folder, ignore_errors=True)
    assert not folder.exists()
    assert service.translate(SECRET).status_code == 200


def test_no_text_of_a_request_is_written_down(service: Service) -> None:
    assert service.translate(SECRET).status_code == 200
    assert httpx.post(f"{service.url}/translate", json={"text": [SECRET]}).status_code == 400
    assert httpx.post(f"{service.url}/translate", json={"text": SECRET + "\0"}).status_code == 400
    assert httpx.get(f"{service.url}/{SECRET}", params={"q": SECRET}).status_code == 404
    forms = [
        SECRET[:6].encode(),
        SECRET[:6].encode("unicode_escape"),
        httpx.QueryParams(q=SECRET[:6]).__str__()[2:].encode(),
    ]
    logs = [path for path in service.folder.rglob("logs/**/*") if path.is_file()]
    assert any(path.name.startswith("replica_") for path in logs)
    for path in logs:
        data = path.read_bytes()
        assert not any(form in data for form in forms), path


def test_records_reach_the_log_at_once(service: Service) -> None:
    logs = list(service.folder.glob("**/logs/serve/replica_*translate*.log"))
    assert any("the canary holds" in path.read_text(encoding="utf-8") for path in logs)


def test_requests_that_succeed_leave_no_line_in_a_log(service: Service) -> None:
    assert service.translate(SECRET).status_code == 200
    logs = list(service.folder.glob("**/logs/serve/replica_*.log"))
    assert len(logs) >= 3
    for path in logs:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"(POST|GET) /|CALL \w+ OK", text), path
