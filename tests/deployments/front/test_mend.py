"""Ray's configuration of HAProxy, made safe: what stays, what goes, and that HAProxy takes it."""

from __future__ import annotations

import resource
from pathlib import Path
from typing import Any

import pytest

from deployments.front.environment import Told
from deployments.front.mend import CONNECTIONS, listen_on, mend
from deployments.front.sections import Section, parse, render
from tests.deployments.front.rendered import backend, complaints, rendered

BACKENDS = (
    backend("csanmt", "/", (30_001, 30_002), fallback=True),
    backend("other", "/other", (30_010,), fallback=True),
)
OURS = {"http-csanmt"}


def mended(
    folder: Path, *backends: Any, host: str | None = None, **settings: Any
) -> dict[str, Any]:
    """The sections by their titles, once HAProxy has found nothing wrong with them."""
    text = mend(rendered(folder, 8_000, *backends, **settings), OURS, Told(host=host))
    path = folder / "mended.cfg"
    path.write_text(text, encoding="utf-8")
    assert complaints(path) == ""
    return {section.title: section.lines for section in parse(text)}


def test_sections_are_read_and_written() -> None:
    sections = parse("# a comment\nglobal\n  log a\n\ndefaults\n\tmode http\nlisten stats\n")
    assert sections == [
        Section("global", ("log a",)),
        Section("defaults", ("mode http",)),
        Section("listen stats", ()),
    ]
    assert (sections[2].kind, sections[2].name) == ("listen", "stats")
    assert parse(render(sections)) == sections
    with pytest.raises(ValueError, match="line outside of any section: mode http"):
        parse("mode http\nglobal\n")


def test_nothing_listens_but_the_front_door_and_a_socket_of_this_user(tmp_path: Path) -> None:
    found = mended(tmp_path, *BACKENDS)
    binds = [line for lines in found.values() for line in lines if line.startswith("bind ")]
    assert binds == ["bind 127.0.0.1:8000"]
    sockets = [line for line in found["global"] if line.startswith("stats socket")]
    assert sockets == [
        f"stats socket {tmp_path}/admin.sock mode 600 level admin expose-fd listeners"
    ]
    assert not {"listen stats", "frontend prometheus"} & set(found)


def test_nothing_is_logged(tmp_path: Path) -> None:
    for metrics in (True, False):
        found = mended(tmp_path, *BACKENDS, metrics_enabled=metrics)
        assert [line for lines in found.values() for line in lines if "log" in line.split()] == []


def test_connections_fit_the_file_descriptors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1_024, 2_100))
    assert "maxconn 1000" in mended(tmp_path, *BACKENDS)["global"]
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1_024, 1_000_000))
    text = mend(rendered(tmp_path, 8_000, *BACKENDS), OURS)
    assert f"maxconn {CONNECTIONS}\n" in text and text.count("maxconn") == 1


@pytest.mark.parametrize(
    ("host", "bind"),
    [
        ("0.0.0.0", "*:8000"),
        ("::", "[::]:8000"),
        ("::1", "[::1]:8000"),
        ("127.0.0.1", "127.0.0.1:8000"),
    ],
)
def test_the_front_door_may_listen_elsewhere_than_the_replicas(
    tmp_path: Path, host: str, bind: str
) -> None:
    assert f"bind {bind}" in mended(tmp_path, *BACKENDS, host=host)["frontend http_frontend"]
    assert f"{listen_on(host)}:8000" == bind


def test_every_application_is_still_reached_by_its_path(tmp_path: Path) -> None:
    lines = mended(tmp_path, *BACKENDS)["frontend http_frontend"]
    assert [line for line in lines if line.startswith(("acl", "use_backend", "default"))] == [
        "acl is_http-other path_beg /other/",
        "acl is_http-other path /other",
        "acl is_http-csanmt path_beg /",
        "acl is_http-csanmt path /",
        "use_backend http-csanmt-reads if { var(txn.ours) -m bool } { method GET HEAD OPTIONS }",
        "use_backend http-other if is_http-other",
        "use_backend http-csanmt if is_http-csanmt",
        "default_backend default_backend",
    ]


def test_only_the_paths_that_no_other_application_has_first_are_ours(tmp_path: Path) -> None:
    lines = mended(tmp_path, *BACKENDS)["frontend http_frontend"]
    assert [line for line in lines if "set-var(txn.ours)" in line] == [
        "http-request set-var(txn.ours) bool(true) if is_http-csanmt",
        "http-request set-var(txn.ours) bool(false) if is_http-other",
    ]
    alone = mended(tmp_path, BACKENDS[1])
    assert "txn.ours" not in str(alone)


def test_pages_and_probes_ask_the_same_replicas_as_work_does(tmp_path: Path) -> None:
    found = mended(tmp_path, *BACKENDS)
    reads = found["backend http-csanmt-reads"]
    assert [line for line in reads if line.startswith("server ")] == [
        "server SERVE_REPLICA_csanmt-0 127.0.0.1:30001 track http-csanmt/SERVE_REPLICA_csanmt-0",
        "server SERVE_REPLICA_csanmt-1 127.0.0.1:30002 track http-csanmt/SERVE_REPLICA_csanmt-1",
        "server SERVE_REPLICA_csanmt-0-unchecked 127.0.0.1:30001 no-check backup",
        "server SERVE_REPLICA_csanmt-1-unchecked 127.0.0.1:30002 no-check backup",
    ]
    assert "be_conn" not in str(reads) and "backend http-other-reads" not in found


def test_replicas_are_asked_unchecked_only_where_no_check_passes(tmp_path: Path) -> None:
    found = mended(tmp_path, *BACKENDS)
    servers = [line for line in found["backend http-csanmt"] if line.startswith("server ")]
    assert [line.split()[1:3] for line in servers] == [
        ["SERVE_REPLICA_csanmt-0", "127.0.0.1:30001"],
        ["SERVE_REPLICA_csanmt-1", "127.0.0.1:30002"],
        ["SERVE_REPLICA_csanmt-0-unchecked", "127.0.0.1:30001"],
        ["SERVE_REPLICA_csanmt-1-unchecked", "127.0.0.1:30002"],
    ]
    assert all(line.endswith("no-check backup") for line in servers[2:])
    assert "8500" not in str(found)  # Ray's Python proxy


def test_what_is_only_right_for_us_is_done_to_us_alone(tmp_path: Path) -> None:
    found = mended(tmp_path, *BACKENDS)
    assert "retry-on conn-failure empty-response" in found["backend http-csanmt"]
    other = found["backend http-other"]
    assert "http-reuse always" in other
    assert [line for line in other if line.startswith(("http-re", "retr"))] == ["http-reuse always"]


def test_an_application_that_chooses_its_replica_keeps_its_rules(tmp_path: Path) -> None:
    router = backend("routed", "/r", (30_020,))
    router.servers[0].replica_id = "one"
    router.ingress_request_router_servers = backend("x", "/", (30_021,)).servers
    text = mend(rendered(tmp_path, 8_000, router, *BACKENDS), OURS)
    found = {section.title: section.lines for section in parse(text)}
    door = "\n".join(found["frontend http_frontend"])
    assert "http-request lua.route_via_ingress_request_router if METH_POST" in door
    assert "use_backend http-routed-via-ingress-request-router if" in door
    pinned = found["backend http-routed-via-ingress-request-router"]
    assert [line for line in pinned if line.startswith("server ")] == [
        "server SERVE_REPLICA_routed-0 127.0.0.1:30020 track http-routed/SERVE_REPLICA_routed-0"
    ]
    (tmp_path / "mended.cfg").write_text(text, encoding="utf-8")
    assert complaints(tmp_path / "mended.cfg") == ""


@pytest.mark.parametrize("backends", [(), (backend("other", "/other", (30_010,)),)])
def test_a_path_of_no_application_is_unknown_only_once_there_is_one(
    tmp_path: Path, backends: tuple[Any, ...]
) -> None:
    (rule,) = mended(tmp_path, *backends)["backend default_backend"]
    expected = "status 404" if backends else "status 503"
    assert rule.startswith(f"http-request return {expected} content-type application/json ")
