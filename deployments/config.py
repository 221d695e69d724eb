"""The service's configuration: one model tree, filled from one commented file.

`configs/service.yaml` holds every value; a profile beside it holds those that differ. The `args` of
`serve_config.yaml` name the files and may override any value, and the environment any of both:
CSANMT__LIMITS__CHARACTERS=5000 sets limits.characters, in YAML as in the file. CSANMT_MODEL
replaces the list of models by one bundle. All of it is read where the application is built;
replicas get the result. (CSANMT_HOST and CSANMT_PORT are the launcher's,
deployments/launch/address.py.)
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import reduce
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import Field, ValidationError

from pipeline.config import Strict, resolve
from pipeline.errors import UserError

DEFAULT = "configs/service.yaml"
PREFIX = "CSANMT__"  # of variables that override settings
DELIMITER = "__"  # between the keys in their names
A_DAY = 86_400  # seconds: HAProxy's clock overflows at some
Seconds = Annotated[float, Field(ge=0.001, le=A_DAY)]
FIELDS_BYTES = 65_536  # of a form beside its file
LOOPBACK = ("localhost", "127.0.0.1", "[::1]")  # names of a machine for itself


class Decoding(Strict):
    """Overrides of what the bundle's manifest says; None keeps it."""

    beam_size: int | None = Field(ge=1, le=16)
    length_penalty: float | None = Field(ge=0, le=5, allow_inf_nan=False)


class Http(Strict):
    """Who may call."""

    hosts: tuple[str, ...] | None
    origins: tuple[str, ...]
    keys: Literal["none", "required"]

    @property
    def names(self) -> tuple[str, ...]:
        """What a Host header may name."""
        return LOOPBACK if self.hosts is None else self.hosts


class Limits(Strict):
    """What a request may have and use."""

    characters: int = Field(ge=1)
    stream_characters: int = Field(ge=1)
    texts: int = Field(ge=1)
    alternatives: int = Field(ge=0, le=15)
    beam_size: int = Field(ge=1, le=16)
    body_bytes: int = Field(ge=1)
    stream_body_bytes: int = Field(ge=1)
    glossary_bytes: int = Field(ge=1)
    document_bytes: int = Field(ge=1)
    document_characters: int = Field(ge=1)
    document_at_once: int = Field(ge=0)
    body_read_s: Seconds
    bodies: int = Field(ge=1)
    buffered_bytes: int = Field(ge=1)
    concurrent: int = Field(ge=1)
    queue_wait_s: Seconds
    document_wait_s: Seconds
    request_s: Seconds
    character_s: float = Field(ge=0, le=A_DAY)
    call_tokens: int = Field(ge=1, le=65_536)  # keeps a call far below gRPC's 4 MiB
    calls: int = Field(ge=1)

    @property
    def form_bytes(self) -> int:
        """Of a request's body with a document, and the fields beside it."""
        return self.document_bytes + FIELDS_BYTES

    def seconds(self, characters: int) -> float:
        """For a request with a text of so many characters."""
        return self.request_s + self.character_s * characters


class MicroBatches(Strict):
    """When short requests share their calls."""

    characters: int = Field(ge=0)
    tokens: int = Field(ge=0)
    texts: int = Field(ge=1)
    pause_s: float = Field(ge=0, le=A_DAY)


class ReadinessSettings(Strict):
    """How /readyz knows."""

    refresh_s: Seconds
    stale_s: Seconds


class Health(Strict):
    """Ray's checks of every replica."""

    period_s: Seconds
    timeout_s: Seconds
    ingress_timeout_s: Seconds
    start_attempts: int = Field(ge=1)
    max_rss_mb: float = Field(gt=0)


class StoreSettings(Strict):
    """Where the state is kept, and how much of it."""

    url: str | None = Field(repr=False)  # may hold a password, as may the next
    limits_url: str | None = Field(repr=False)
    glossaries: int = Field(ge=1)
    glossary_entries: int = Field(ge=1)
    term_characters: int = Field(ge=1, le=500)  # PostgreSQL indexes no longer ones
    document_bytes: int = Field(ge=1)
    document_kept_s: Seconds


class Fixed(Strict):
    """A deployment with a fixed number of replicas."""

    replicas: int = Field(ge=1)
    num_cpus: float = Field(gt=0)


class Scaled(Strict):
    """The translate deployment of one model, scaled by the tokens that wait for it or are being
    translated.
    """

    num_cpus: float = Field(gt=0)
    min_replicas: int = Field(ge=1)
    max_replicas: int = Field(ge=1)
    target_tokens: float = Field(gt=0)
    upscale_delay_s: float = Field(ge=0, le=A_DAY)
    downscale_delay_s: float = Field(ge=0, le=A_DAY)
    look_back_s: float = Field(gt=1, le=A_DAY)
    max_batch_tokens: int = Field(ge=1)
    admit_calls: int = Field(ge=1)


class ServiceConfig(Strict):
    """Everything that can be set; see configs/service.yaml for what each value means."""

    models: tuple[str, ...] = Field(min_length=1)
    stages: Literal["together", "separate"]
    decoding: Decoding
    http: Http
    limits: Limits
    micro_batches: MicroBatches
    readiness: ReadinessSettings
    health: Health
    store: StoreSettings
    shutdown_s: Seconds
    ingress: Fixed
    preprocess: Fixed
    postprocess: Fixed
    translate: Scaled


def load(args: Mapping[str, Any], name: str = "args") -> ServiceConfig:
    """The configuration that `args` name: `config` is a file or several, of which later ones
    override values of earlier ones, every other key overrides a value in them, and the environment
    overrides all.

    Raises UserError, one line that names the first wrong value and where it stands: the file, a
    variable, or `args`, for which `name` stands.
    """
    overrides = dict(args)
    layers = {
        str(path): read(path) for path in config_files(overrides.pop("config", DEFAULT), name)
    }
    layers |= {name: overrides, **from_environment()}
    try:
        return ServiceConfig.model_validate(reduce(merge, layers.values()))
    except ValidationError as error:
        keys = error.errors()[0]["loc"]
        origins = [origin for origin, values in layers.items() if holds(values, keys)]
        origin = origins[-1] if origins else next(iter(layers))
        raise UserError(f"{origin}: {first_of(error)}") from None


def config_files(given: Any, name: str) -> list[Path]:
    """The files that `config` names; raises UserError where it names none."""
    paths = [given] if isinstance(given, str) else given
    if not isinstance(paths, list) or not paths or not all(isinstance(path, str) for path in paths):
        raise UserError(f"{name}: config: expected a file or a list of files: name {DEFAULT}")
    return [resolve(path) for path in paths]


def from_environment() -> dict[str, dict[str, Any]]:
    """Variables that override settings, the more particular ones last, and the settings."""
    found: dict[str, dict[str, Any]] = {}
    if model := os.environ.get("CSANMT_MODEL"):
        found["CSANMT_MODEL"] = {"models": [model]}
    for name in sorted(name for name in os.environ if name.startswith(PREFIX)):
        try:
            value = yaml.safe_load(os.environ[name])
        except yaml.YAMLError:
            raise UserError(f"{name}: expected YAML, found something else: mend it") from None
        found[name] = nested(name.removeprefix(PREFIX).lower().split(DELIMITER), value)
    return found


def holds(values: Any, keys: Sequence[int | str]) -> bool:
    """Whether what stands under these keys, or a value that has no keys, comes from `values`."""
    for key in keys:
        if not isinstance(values, Mapping):
            return True
        if key not in values:
            return False
        values = values[key]
    return True


def nested(keys: Sequence[str], value: Any) -> dict[str, Any]:
    """`value` under keys within keys."""
    for key in reversed(keys):
        value = {key: value}
    return dict(value)


def first_of(error: ValidationError) -> str:
    """Which value is wrong, and how."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"] if part != "") or "the settings"
    message = " ".join(first["msg"].split())
    return f"{where}: {message} ({error.error_count()} in all): mend that value"


def read(path: Path) -> dict[str, Any]:
    """A YAML file that holds a mapping; raises UserError otherwise."""
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UserError(
            f"{path}: expected YAML, found something else: {' '.join(str(error).split())}"
        ) from None
    if not isinstance(values, dict):
        raise UserError(
            f"{path}: expected a YAML mapping, found {type(values).__name__}: start from {DEFAULT}"
        )
    return values


def merge(values: Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """`values` with `overrides` laid over it, mapping by mapping."""
    merged = dict(values)
    for key, value in overrides.items():
        below = merged.get(key)
        merged[key] = (
            merge(below, value)
            if isinstance(below, Mapping) and isinstance(value, Mapping)
            else value
        )
    return merged
