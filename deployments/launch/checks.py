"""What can be found wrong before Ray starts."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from dotenv import dotenv_values

from deployments.bundles import verified_bundles
from deployments.config import LOOPBACK, ServiceConfig, load, merge
from pipeline.errors import UserError

IMPORT_PATH = "deployments.app:build"
LOCAL = ("localhost", "127.0.0.1", "::1")  # addresses that only this machine reaches
EVERYWHERE = ("0.0.0.0", "::")
ENVIRONMENT = "configs/serve.env"
SOCKET_BYTES = 107  # the longest path that Linux takes
SOCKET = "/ray/session_2026-01-31_23-59-59_999999_4194304/sockets/plasma_store"  # Ray's longest


def set_environment(path: Path) -> None:
    """Set what the file of KEY=VALUE lines says, except variables that are set already.

    Before ray is imported.
    """
    for key, value in dotenv_values(path, interpolate=False).items():
        if value is not None:
            os.environ.setdefault(key, value)


def check_folder() -> None:
    """Raises UserError where a Ray of our own could not work in its folder."""
    folder = os.environ.get("RAY_TMPDIR")
    if folder is None or os.environ.get("RAY_ADDRESS") != "local":
        return
    length, longest = len(os.fsencode(folder)), SOCKET_BYTES - len(SOCKET)
    if length > longest:
        raise UserError(
            f"RAY_TMPDIR: expected at most {longest} bytes, as sockets' paths are short, "
            f"found {length}: name another folder"
        )
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise UserError(
            f"RAY_TMPDIR: expected a folder that can be written to, found {folder} "
            f"({error.strerror}): name another"
        ) from None


def find_application(document: dict[str, Any], path: str) -> dict[str, Any]:
    """The entry of this service in serve_config.yaml, which `path` names; raises UserError."""
    applications = document.get("applications")
    for application in applications if isinstance(applications, list) else ():
        if isinstance(application, dict) and application.get("import_path") == IMPORT_PATH:
            return application
    raise UserError(
        f"{path}: applications: expected one with import_path {IMPORT_PATH}, found none: add it"
    )


def check(application: dict[str, Any], path: str) -> ServiceConfig:
    """The application's settings, once all its bundles are verified.

    Raises UserError or BundleError.
    """
    args = application.get("args") or {}
    if not isinstance(args, dict):
        raise UserError(f"{path}: args: expected a mapping, found {type(args).__name__}: mend it")
    service = load(args, f"{path}: args")
    verified_bundles(service)
    return service


def name_hosts(application: dict[str, Any], service: ServiceConfig, host: str) -> None:
    """Where the settings name no hosts, those by which clients reach `host`: any if it is open to
    others under names that are not known here.
    """
    if service.http.hosts is not None or host in LOCAL:
        return
    literal = f"[{host}]" if ":" in host else host
    names = ["*"] if host in EVERYWHERE else [*LOOPBACK, literal]
    args = application.get("args") or {}
    application["args"] = merge(args, {"http": {"hosts": names}})
