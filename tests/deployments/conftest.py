"""The HTTP API in this process: the real pipeline behind it, no Ray between them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from deployments.config import load
from deployments.gateway.application import make_app
from deployments.gateway.health import Readiness
from deployments.gateway.traffic import Traffic
from deployments.service import TranslationService
from pipeline.config import DEFAULT_MODEL
from pipeline.translator import Translator
from tests.deployments.in_process import service_of, store_in


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def translator() -> Iterator[Translator]:
    with Translator.load(DEFAULT_MODEL) as translator:
        yield translator


@pytest.fixture(scope="session")
def translation_service(
    translator: Translator, tmp_path_factory: pytest.TempPathFactory
) -> TranslationService:
    """The service layer over the real pipeline."""
    return service_of(translator, load({}), store_in(tmp_path_factory.mktemp("state")))


@pytest.fixture(scope="session")
def api(translation_service: TranslationService) -> Iterator[TestClient]:
    """A client of the application of one ingress replica."""
    config = load({})
    readiness = Readiness({}, config.readiness)
    app = make_app(translation_service, readiness, Traffic(), config)
    with TestClient(app, base_url="http://localhost") as client:
        yield client
