"""What the front door adds to Ray's configuration of HAProxy.

A rule answers at once (`return`), or the next one is asked. Every answer of HAProxy's own is JSON,
as the ingress's are.
"""

from __future__ import annotations

import json

HEADER_BYTES = 16_384  # of all headers together
HEADERS = 100
TARGET_BYTES = 8_192  # of the request's target, its query string included
CONCURRENT = 512  # requests that mean work at once; the ingress bounds its own far below
SHORT_BYTES = 1_200  # a body that is known to have no more is a short request's
LONGEST_HOLD_MS = 2_000

# By which a client would steer Ray: its deadline, whether it notices that the client left, and
# which replica it asks. As Ray compares them, with underscores; deployments/gateway/proxy.py, too.
STEERING = (
    "x_request_timeout_seconds",
    "x_request_disconnect_disabled",
    "serve_multiplexed_model_id",
    "x_session_id",
)
SAFE_ID = "^[A-Za-z0-9_.:/+=-]{1,128}$"
READS = "{ method GET HEAD OPTIONS }"  # answered from memory, whatever the load is

BUSY = "The service is busy"
RESTARTING = "The service is restarting"
STARTING = "The service is starting"
LARGE = "The headers are too large"
LEFT = "You closed your side of the connection: keep it open until the answer is there"
NAMELESS = "Invalid request: it has no Host header"
TOO_LONG = "The translation took too long"
OTHERS = {
    400: "Invalid request: it is not HTTP as it should be",
    401: "Not allowed",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    407: "Not allowed",
    408: "The request did not arrive in time",
    410: "Not found",
    413: "The request is too large",
    421: "Not found",
    422: "Invalid request: it is not HTTP as it should be",
    425: "The request came too early",
    429: BUSY,
    500: "Internal error",
    501: "Method not allowed",
}


# As deployments/errors.py has them.
CODES = {
    400: "invalid_request",
    404: "not_found",
    405: "method_not_allowed",
    408: "body_too_slow",
    413: "body_too_large",
    414: "address_too_long",
    431: "headers_too_large",
    500: "internal",
    503: "overloaded",
}
CODES_OF = {RESTARTING: "restarting", STARTING: "starting", TOO_LONG: "timed_out"}


def answer(status: int, sentence: str, retry_after: str | None = None) -> str:
    """The arguments of a rule that answers in JSON.

    Under /v1/ it has the error's code and the request's id as well (`frontend`).
    """
    code = CODES_OF.get(sentence) or CODES.get(status, "refused")
    own = f"%[var(txn.code)]%[var(txn.api),iif({code},)]%[var(txn.named)]"
    body = f'{{"error":{json.dumps(sentence)}{own}}}'
    retry = "" if retry_after is None else f" hdr Retry-After {retry_after}"
    return f"status {status} content-type application/json lf-string '{body}'{retry}"


def errors() -> list[str]:
    """HAProxy's own errors."""
    unavailable = {502: RESTARTING, 503: RESTARTING, 504: TOO_LONG}
    fresh = " hdr X-Request-ID %[uuid()]"
    return [
        *(f"http-error {answer(status, text)}{fresh}" for status, text in OTHERS.items()),
        *(f"http-error {answer(status, text, '1')}{fresh}" for status, text in unavailable.items()),
    ]


def frontend() -> list[str]:
    """What every request passes first, whichever application it is for."""
    refuse = "http-request return"
    return [
        "option disable-h2-upgrade",
        # Names: the client's own where it can do no harm.
        "http-request set-var(txn.id) req.fhdr(x-request-id) "
        f"if {{ req.fhdr(x-request-id) -m reg {SAFE_ID} }}",
        "http-request set-var(txn.id) uuid() if !{ var(txn.id) -m found }",
        "http-request set-header X-Request-ID %[var(txn.id)]",
        # What the answers of our own API have more than others.
        *(
            f"http-request {what} if {{ path -m beg /v1/ }}"
            for what in (
                "set-var(txn.api) bool(true)",
                """set-var-fmt(txn.code) ',"code":"'""",
                """set-var-fmt(txn.named) '","request_id":"%[var(txn.id)]"'""",
            )
        ),
        "http-after-response set-header X-Request-ID %[var(txn.id)] if { var(txn.id) -m found }",
        "http-after-response set-status 503 if { status 502 }",
        f"{refuse} {answer(431, LARGE)} if {{ req.hdrs,length gt {HEADER_BYTES} }}",
        f"{refuse} {answer(431, LARGE)} if {{ req.fhdr_cnt() gt {HEADERS} }}",
        f"{refuse} {answer(414, 'The address is too long')} if {{ url,length gt {TARGET_BYTES} }}",
        f"{refuse} {answer(405, OTHERS[405])} hdr Allow 'GET, HEAD, POST' "
        "if !{ method GET HEAD POST OPTIONS PUT PATCH DELETE }",
        f"{refuse} {answer(400, OTHERS[400])} if {{ url '*' }} !{{ method OPTIONS }}",
        f"{refuse} {answer(400, NAMELESS)} if !{{ req.hdr(host) -m found }} !HTTP_1.0",
        # Ray's own pages: what is deployed, and whether.
        f"{refuse} {answer(404, OTHERS[404])} if {{ path,url_dec -m beg /-/ }}",
    ]


def ours() -> list[str]:
    """What requests for our application pass once their bodies are there, and its answers."""
    left = f"http-error {answer(400, LEFT)} hdr X-Request-ID %[uuid()]"
    return [*_unsteered(), *_breaker(), left, *_again(), *_plain()]


def reads() -> list[str]:
    """The same for requests that mean no work.

    Nothing is to be stopped when their client leaves, so one that only says that it has no more to
    ask gets its answer.
    """
    return [*_unsteered(), *_again(), *_plain(), "no option abortonclose"]


def _unsteered() -> list[str]:
    steering = "|".join(name.replace("_", "[-_]") for name in STEERING)
    headers = f"^({steering}|x[-_]serve[-_].*|x[-_]hold[-_].*|upgrade)$"
    return [f"http-request del-header {headers} -m reg"]


def _again() -> list[str]:
    """A translation changes nothing, so it may be asked twice, if its body is there whole."""
    return ["http-reuse safe", "retry-on conn-failure empty-response", "retries 3"]


def _breaker() -> list[str]:
    """Refuses work of a kind for as long as the ingress said in x-hold-ms, and more of anything
    than it could ever hold.
    """
    hold, retry = "res.hdr(x-hold-ms)", "res.hdr(x-hold-retry-after)"
    full, measured = f"{{ be_conn gt {CONCURRENT} }}", "{ req.hdr(content-length) -m found }"
    lines = [
        f"http-request return {answer(503, BUSY, '1')} if {full}",
        "http-request set-var(txn.kind) str(long)",
        "http-request set-var(txn.kind) str(short) "
        f"if {measured} {{ req.hdr_val(content-length) le {SHORT_BYTES} }}",
        "http-request set-var(txn.now) date(0,ms)",
        "http-response set-var(txn.now) date(0,ms)",
        f"http-response set-var(txn.hold) {hold},add(0) if {{ {hold} -m found }}",
        f"http-response set-var(txn.hold) int({LONGEST_HOLD_MS}) "
        f"if {{ var(txn.hold) -m int gt {LONGEST_HOLD_MS} }}",
        "http-response set-var(txn.retry) int(1)",
        f"http-response set-var(txn.retry) {retry},add(0) if {{ {retry} -m int gt 0 }}",
        "http-response del-header x-hold- -m beg",
    ]
    for kind in ("short", "long"):
        until, after = f"proc.{kind}_until", f"proc.{kind}_retry"
        of_kind = f"{{ var(txn.kind) -m str {kind} }}"
        told = f"{{ var(txn.hold) -m int gt 0 }} {of_kind}"
        lines += [
            f"http-request set-var(txn.left) var({until}),sub(txn.now) if METH_POST {of_kind}",
            f"http-request return {answer(503, BUSY, f'%[var({after})]')} "
            f"if METH_POST {of_kind} {{ var(txn.left) -m int gt 0 }}",
            f"http-response set-var({until}) var(txn.now),add(txn.hold) if {told}",
            f"http-response set-var({after}) var(txn.retry) if {told}",
        ]
    return lines


def _plain() -> list[str]:
    """Ray's own errors are plain text: JSON in their place."""
    plain = "{ status ge 400 } !{ res.hdr(content-type) -m beg application/json }"
    told = {404: (404, OTHERS[404]), 405: (405, OTHERS[405]), 500: (500, OTHERS[500])}
    lines = [
        f"http-response return {answer(new, text)} if {plain} {{ status {old} }}"
        for old, (new, text) in told.items()
    ]
    return [
        *lines,
        f"http-response return {answer(503, TOO_LONG, '1')} if {plain} {{ status 408 }}",
        f"http-response return {answer(503, BUSY, '1')} if {plain} {{ status 429 503 }}",
        f"http-response return {answer(500, OTHERS[500])} if {plain} {{ status ge 500 }}",
        f"http-response return {answer(400, OTHERS[400])} if {plain}",
    ]
