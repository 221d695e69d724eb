"""The OpenAPI description holds for whatever is sent: no 5xx, no status that it does not name."""

from __future__ import annotations

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import BaseSchema
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    response_schema_conformance,
    status_code_conformance,
)

from deployments.config import load
from deployments.gateway.application import make_app
from deployments.gateway.health import Readiness
from deployments.gateway.traffic import Traffic
from deployments.service import TranslationService


@pytest.fixture(scope="module")
def described(translation_service: TranslationService) -> BaseSchema:
    config = load({"http": {"hosts": ["*"]}})
    app = make_app(translation_service, Readiness({}, config.readiness), Traffic(), config)
    return schemathesis.openapi.from_asgi("/openapi.json", app)


def test_whatever_is_sent_the_answer_is_a_described_one(described: BaseSchema) -> None:
    operations = [found.ok() for found in described.get_all_operations()]
    assert {"POST /translate", "POST /v1/translate"} <= {found.label for found in operations}
    for operation in operations:

        @given(case=operation.as_strategy())
        @settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
        def answered(case: schemathesis.Case) -> None:
            case.call_and_validate(
                checks=[not_a_server_error, status_code_conformance, response_schema_conformance]
            )

        answered()
