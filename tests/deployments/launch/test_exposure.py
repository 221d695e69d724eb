"""What the service lets others on the network reach, and what it writes down."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from pathlib import Path

import grpc
import httpx
import pytest
from ray.serve.generated.serve_pb2 import ASGIRequest
from ray.serve.generated.serve_pb2_grpc import ASGIServiceStub

from benchmarks.support.processes import command, descendants
from benchmarks.support.service import Service, free_port

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


def test_only_serves_internal_grpc_listens_beyond_this_machine_and_asks_for_a_token(
    service: Service,
) -> None:
    assert ("127.0.0.1", service.port) in listening(service)
    for port, owner in open_to_others(service).items():
        assert owner.startswith("ray::ServeReplica:"), (port, owner)
        assert_asks_for_a_token(port)


def test_haproxy_is_kept_to_this_machine_and_user(new_service: Callable[..., Service]) -> None:
    ports = {f"RAY_SERVE_HAPROXY_{name}_PORT": str(free_port()) for name in ("METRICS", "STATS")}
    service = new_service(
        environment={"RAY_SERVE_ENABLE_HA_PROXY": "1", "TMPDIR": "/tmp", **ports}
    ).start()
    assert service.translate(SECRET).status_code == 200
    own = {
        address
        for (address, _), owner in listening(service).items()
        if "haproxy" in owner.split(" ")[0]
    }
    assert own == {"127.0.0.1"}
    for port, owner in open_to_others(service).items():
        assert owner.startswith("ray::ServeReplica:"), (port, owner)
        assert_asks_for_a_token(port)
    found = re.search(r"-f (/tmp/hap\w+)", " ".join(listening(service).values()))
    assert found is not None
    folder = Path(found[1])
    assert folder.stat().st_mode & 0o077 == 0
    assert service.stop() == 0, service.output()
    assert not folder.exists()


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
