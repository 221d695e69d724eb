"""Makes Ray's configuration of HAProxy safe: nothing of it listens but the front door itself."""

from __future__ import annotations

import resource
from collections.abc import Collection

from deployments.front import rules
from deployments.front.sections import Section, parse, render

CONNECTIONS = 4_096  # at once
KEPT = ("acl is_", "acl has_ingress", "use_backend ", "default_backend ")  # of Ray's front door
ROUTER = "ingress_request_router"  # in the rules of applications that choose a replica themselves


def mend(
    text: str,
    ours: Collection[str],
    host: str | None = None,
    body_read_s: float = rules.BODY_READ_S,
) -> str:
    """`text` as Ray wrote it; `ours` are the names of our application's backends, `host` is where
    the front door listens in place of the address that Ray knows, and `body_read_s` is how long a
    body may take.
    """
    own = rules.ours(body_read_s)
    sections = parse(text)
    applications = any(_is_applications(section) for section in sections)
    return render(
        [
            _mend(section, ours, own, host, applications)
            for section in sections
            if section.title not in ("frontend prometheus", "listen stats")
        ]
    )


def _is_applications(section: Section) -> bool:
    return section.kind == "backend" and section.name.startswith("http-")


def _mend(
    section: Section,
    ours: Collection[str],
    own: list[str],
    host: str | None,
    applications: bool,
) -> Section:
    section = section.without("log ", "log-format", "option httplog", "option log-health-checks")
    if section.kind == "global":
        return _global(section)
    if section.kind == "defaults":
        # Ray's error pages are plain text; splicing gains nothing for answers as small as ours.
        return section.without("errorfile ", "option splice-").then(_defaults())
    if section.title == "frontend http_frontend":
        return _front_door(section, host)
    if section.title == "backend default_backend":
        text = rules.answer(404, rules.OTHERS[404])
        if not applications:
            text = rules.answer(503, rules.STARTING, "1")
        return Section(section.title, (f"http-request return {text}",))
    if _is_applications(section):
        is_ours = section.name.partition("-via-ingress")[0] in ours
        return _backend(section, own if is_ours else None)
    return section


def _global(section: Section) -> Section:
    """The socket that administers HAProxy is this user's; connections fit the file descriptors."""
    descriptors = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    connections = min(CONNECTIONS, (descriptors - 100) // 2)
    lines = [line.replace(" mode 666 ", " mode 600 ") for line in section.lines]
    return (
        Section(section.title, tuple(lines))
        .without("maxconn ")
        .then([f"maxconn {connections}", f"tune.http.maxhdr {10 * rules.HEADERS}"])
    )


def _defaults() -> list[str]:
    return ["timeout http-request 10s", "timeout check 3500ms", *rules.errors()]


def _front_door(section: Section, host: str | None) -> Section:
    binds = [line for line in section.lines if line.startswith("bind ")]
    if host is not None:
        binds = [f"bind {listen_on(host)}:{line.rpartition(':')[2]}" for line in binds]
    kept = [line for line in section.lines if line.startswith(KEPT) or ROUTER in line]
    return Section(section.title, (*binds, *rules.frontend(), *kept))


def listen_on(host: str) -> str:
    """An address as HAProxy's `bind` wants it."""
    return {"0.0.0.0": "*", "::": "[::]"}.get(host, f"[{host}]" if ":" in host else host)


def _backend(section: Section, own: list[str] | None) -> Section:
    """Without the server of Ray's Python proxy. Where every check fails, all are asked all the
    same: a machine may be too busy to answer one, which is no reason to refuse.
    """
    servers = [line for line in section.lines if line.startswith("server ")]
    replicas = [line for line in servers if not line.endswith(" backup")]
    last = [f"server {_unchecked(line)} backup" for line in replicas if " check" in line]
    section = section.without("server ")
    if own is not None:
        section = section.without("http-reuse ").then(["http-reuse safe", *own])
    if last:
        section = section.then(["option allbackups"])
    return section.then([*replicas, *last])


def _unchecked(line: str) -> str:
    _, name, address, *_ = line.split()
    return f"{name}-unchecked {address} no-check"
