from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

from pipeline.answer.finish import Postprocessor
from pipeline.bundle import Bundle
from pipeline.text.prepare import Preprocessor
from tests.bundles import text_bundle

# A busy machine is no failure, and a test that passed passes again.
settings.register_profile("steady", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")


@pytest.fixture(scope="session")
def text_only(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A bundle with vocabularies and no graphs."""
    return text_bundle(tmp_path_factory.mktemp("text-only"))


@pytest.fixture(scope="session")
def preprocessor(text_only: Bundle) -> Preprocessor:
    return Preprocessor.load(text_only)


@pytest.fixture(scope="session")
def postprocessor(text_only: Bundle) -> Postprocessor:
    return Postprocessor.load(text_only)
