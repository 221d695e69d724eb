"""Makes Ray's configuration of HAProxy safe: nothing of it listens but the front door itself."""

from __future__ import annotations

import resource
from collections.abc import Collection

from deployments.front import bodies, rules
from deployments.front.environment import Told
from deployments.front.sections import Section, parse, render

CONNECTIONS = 4_096  # at once
HEADERS_S = 5  # for a request's headers to arrive
IDLE_S = 75  # longer than proxies keep connections idle: they must not send into one that closes
PARSED_HEADERS = 32_767  # HAProxy's most: more than ours are refused by a rule, and in JSON
KEPT = ("acl is_", "acl has_ingress", "use_backend ", "default_backend ")  # of Ray's front door
ROUTER = "ingress_request_router"  # in the rules of applications that choose a replica themselves


NOTHING_TOLD = Told()


def mend(text: str, ours: Collection[str], told: Told = NOTHING_TOLD) -> str:
    """`text` as Ray wrote it; `ours` are the names of our application's backends."""
    sections = parse(text)
    applications = any(_is_applications(section) for section in sections)
    mended = [
        part
        for section in sections
        if section.title not in ("frontend prometheus", "listen stats")
        for part in _mend(section, ours, told, applications)
    ]
    title, lines = bodies.table()
    return render([*mended, Section(title, tuple(lines))])


def _is_applications(section: Section) -> bool:
    return section.kind == "backend" and section.name.startswith("http-")


def _mend(section: Section, ours: Collection[str], told: Told, applications: bool) -> list[Section]:
    section = section.without("log ", "log-format", "option httplog", "option log-health-checks")
    if section.kind == "global":
        return [_global(section)]
    if section.kind == "defaults":
        return [_defaults(section)]
    if section.title == "frontend http_frontend":
        return [_front_door(section, ours, told)]
    if section.title == "backend default_backend":
        text = rules.answer(404, rules.OTHERS[404])
        if not applications:
            text = rules.answer(503, rules.STARTING, "1")
        return [Section(section.title, (f"http-request return {text}",))]
    if not _is_applications(section):
        return [section]
    if section.name not in ours:
        return [_backend(section, [])]
    return [_backend(section.without("http-reuse "), rules.ours()), _reads(section)]


def connections() -> int:
    """As many as fit the file descriptors: each has one towards the client and one beyond."""
    descriptors = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return min(CONNECTIONS, (descriptors - 100) // 2)


def _global(section: Section) -> Section:
    """The socket that administers HAProxy is this user's."""
    lines = [line.replace(" mode 666 ", " mode 600 ") for line in section.lines]
    return (
        Section(section.title, tuple(lines))
        .without("maxconn ")
        .then([f"maxconn {connections()}", f"tune.http.maxhdr {PARSED_HEADERS}"])
    )


def _defaults(section: Section) -> Section:
    """Ray's error pages are plain text; splicing gains nothing for answers as small as ours."""
    return section.without("errorfile ", "option splice-", "timeout http-keep-alive ").then(
        [
            f"timeout http-request {HEADERS_S}s",
            f"timeout http-keep-alive {IDLE_S}s",
            "timeout check 3500ms",
            *rules.errors(),
        ]
    )


def _front_door(section: Section, ours: Collection[str], told: Told) -> Section:
    binds = [line for line in section.lines if line.startswith("bind ")]
    if told.host is not None:
        binds = [f"bind {listen_on(told.host)}:{line.rpartition(':')[2]}" for line in binds]
    kept = [line for line in section.lines if line.startswith(KEPT) or ROUTER in line]
    routes = [line for line in kept if line.startswith("use_backend ")]
    known = [line for line in kept if line not in routes and not line.startswith("default_")]
    own = [name for name in ours if any(line.split()[1] == name for line in routes)]
    if own:
        known += [*bodies.chosen(routes, own[0]), *bodies.rules(told, connections())]
        routes.insert(0, f"use_backend {own[0]}-reads if {bodies.OURS} {rules.READS}")
    last = [line for line in kept if line.startswith("default_")]
    return Section(section.title, (*binds, *rules.frontend(), *known, *routes, *last))


def listen_on(host: str) -> str:
    """An address as HAProxy's `bind` wants it."""
    return {"0.0.0.0": "*", "::": "[::]"}.get(host, f"[{host}]" if ":" in host else host)


def _reads(section: Section) -> Section:
    """The same replicas, for requests that mean no work: none of them is in the others' way."""
    servers = [
        f"server {name} {address} track {section.name}/{name}"
        for _, name, address, *_ in map(str.split, _replicas(section))
    ]
    unchecked = [f"{_unchecked(line)} backup" for line in servers]
    last = ["option allbackups", *servers, *unchecked]
    return Section(f"{section.title}-reads", (*rules.reads(), *last))


def _backend(section: Section, own: list[str]) -> Section:
    """Without the server of Ray's Python proxy. Where every check fails, all are asked all the
    same: a machine may be too busy to answer one, which is no reason to refuse.
    """
    replicas = _replicas(section)
    last = [f"{_unchecked(line)} backup" for line in replicas if " check" in line]
    section = section.without("server ").then(own)
    if last:
        section = section.then(["option allbackups"])
    return section.then([*replicas, *last])


def _replicas(section: Section) -> list[str]:
    servers = [line for line in section.lines if line.startswith("server ")]
    return [line for line in servers if not line.endswith(" backup")]


def _unchecked(line: str) -> str:
    _, name, address, *_ = line.split()
    return f"server {name}-unchecked {address} no-check"
