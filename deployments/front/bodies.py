"""Bodies arrive at the door, before their requests count as work.

A client that sends its body slowly holds a connection and nothing else, for `body_read_s`. Three
bounds keep that harmless:

1. Where few connections are left a body has less time, and where very few are it must be there at
   once: so pages and probes are answered however many bodies are on their way.
2. A body that HAProxy's buffer cannot hold is the ingress's to read: a few such at once.
3. One that is declared larger than the ingress takes is not waited for. The ingress refuses it,
   and reads on for a while, so that the client reads why: for a few at once.
"""

from __future__ import annotations

from deployments.front.environment import Told
from deployments.front.rules import BUSY, OTHERS, answer

WHOLE_BYTES = 122_880  # a body that fits HAProxy's buffer, so that it can be sent again
NEARLY_WHOLE_BYTES = 98_304  # fits also beside the longest headers
PARTS = 64  # at once, of those that the ingress reads on, and of those that it refuses
HURRIED_S = 1.0  # for a body while connections are scarce

OURS = "{ var(txn.ours) -m bool }"
LENGTH = "req.hdr_val(content-length)"
DIGITS, MOST_DIGITS = "req.hdr(content-length),length", 15  # of lengths that HAProxy can compare
MISSING = "req.body_size,sub(txn.here) -m int gt 0"
DOCUMENTS = "{ path /v1/documents }"
CHUNKED = "req.hdr(transfer-encoding) -m found"


def chosen(routes: list[str], ours: str) -> list[str]:
    """Sets txn.ours where `ours` is the backend that these `use_backend` lines choose first."""
    return [
        f"http-request set-var(txn.ours) bool({str(name == ours).lower()}) {condition}"
        for _, name, condition in (line.split(maxsplit=2) for line in reversed(routes))
    ]


def rules(told: Told, connections: int) -> list[str]:
    """What requests for our application pass before a backend is theirs."""
    scarce, rare = (f"{{ fe_conn gt {connections - connections // part} }}" for part in (8, 16))
    too_slow = "The body did not arrive within %[var(txn.seconds)] seconds"
    hurried, usual = min(HURRIED_S, told.body_read_s), told.body_read_s
    larger = "{ var(txn.larger) -m bool }"
    part, many = "http-request set-var(txn.part)", f"{{ sc0_conn_cur(parts) gt {PARTS} }}"
    refuse, busy = "http-request return", answer(503, BUSY, "1")
    lines = [
        f"http-after-response set-header Connection close if {scarce}",
        f"{refuse} {answer(413, OTHERS[413])} if {OURS} {{ {DIGITS} gt {MOST_DIGITS} }}",
        *_larger(told),
        f"http-request set-var(txn.here) req.body_len if {OURS}",
        *(f"{refuse} {busy} if {OURS} {rare} {{ {late} }}" for late in (MISSING, CHUNKED)),
        f"http-error {answer(408, too_slow)} hdr X-Request-ID %[uuid()]",
        *_wait(hurried, f"{OURS} !{larger} {scarce}"),
        *_wait(usual, f"{OURS} !{larger}"),
        f"http-request set-var(txn.here) req.body_len if {OURS}",
        f"{part} str(read) if {OURS} {{ {MISSING} }}",
        f"{part} str(read) if {OURS} {{ {CHUNKED} }} "
        f"{{ var(txn.here) -m int gt {NEARLY_WHOLE_BYTES} }}",
    ]
    if told.body_bytes:
        # The ingress's answer, without its patience for what is still sent.
        text = answer(413, "The body is larger than the limit of %[var(txn.most)] bytes")
        lines += [
            f"{part} str(refused) if {OURS} {larger}",
            f"{refuse} {text} if {OURS} {larger} {{ req.hdr(expect) -m found }}",
            f"http-request track-sc0 var(txn.part) table parts if {OURS} {larger}",
            f"{refuse} {text} if {OURS} {larger} {many}",
        ]
    return [
        *lines,
        "http-request track-sc0 var(txn.part) table parts if { var(txn.part) -m str read }",
        f"{refuse} {busy} if {{ var(txn.part) -m str read }} {many}",
    ]


def _larger(told: Told) -> list[str]:
    """Sets txn.larger where a body is declared larger than its path takes."""
    most, documents = told.body_bytes or WHOLE_BYTES, told.document_bytes or WHOLE_BYTES
    return [
        f"http-request set-var(txn.most) int({most})",
        f"http-request set-var(txn.most) int({documents}) if {DOCUMENTS}",
        f"http-request set-var(txn.over) {LENGTH},sub(txn.most)",
        "http-request set-var(txn.larger) bool(true) if { var(txn.over) -m int gt 0 }",
    ]


def _wait(seconds: float, condition: str) -> list[str]:
    return [
        f"http-request set-var(txn.seconds) str({seconds:g}) if {condition}",
        f"http-request wait-for-body time {seconds * 1000:.0f}ms if {condition}",
    ]


def table() -> tuple[str, list[str]]:
    """The section in which the bodies that arrive piece by piece are counted."""
    return "backend parts", ["stick-table type string len 8 size 2 expire 1h store conn_cur"]
