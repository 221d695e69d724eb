"""What the launcher tells HAProxy's manager: through the environment, which Ray hands on."""

from __future__ import annotations

import os
from dataclasses import dataclass

APPLICATION = "CSANMT_APPLICATION"
HOST = "CSANMT_FRONT_HOST"
BODY_READ_S = "CSANMT_FRONT_BODY_READ_S"
BODY_BYTES = "CSANMT_FRONT_BODY_BYTES"
DOCUMENT_BYTES = "CSANMT_FRONT_DOCUMENT_BYTES"


@dataclass(frozen=True)
class Told:
    """As it is where nothing was told, under `serve run`."""

    application: str = "csanmt"  # the name under which this service is deployed
    host: str | None = None  # where to listen, if not where Ray's replicas do
    body_read_s: float = 5.0  # limits.body_read_s
    body_bytes: int | None = None  # most of any route but documents; None: only the ingress knows
    document_bytes: int | None = None  # of a request with a document

    @classmethod
    def read(cls) -> Told:
        """What this process was told."""
        given, usual = os.environ, cls()
        bodies = (given.get(name) for name in (BODY_BYTES, DOCUMENT_BYTES))
        return cls(
            given.get(APPLICATION, usual.application),
            given.get(HOST),
            float(given.get(BODY_READ_S, usual.body_read_s)),
            *(None if most is None else int(most) for most in bodies),
        )

    def write(self) -> None:
        """Tell it to the processes that this one starts from now on."""
        values = {
            APPLICATION: self.application,
            HOST: self.host,
            BODY_READ_S: self.body_read_s,
            BODY_BYTES: self.body_bytes,
            DOCUMENT_BYTES: self.document_bytes,
        }
        for name, value in values.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = str(value)
