from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

from pipeline.tokenizers import Tokenizer
from pipeline.tokenizers.sentencepiece import SentencePieceTokenizer
from tests.bundles import VOCABULARIES

# A busy machine is no failure, and a test that passed passes again.
settings.register_profile("steady", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")


@pytest.fixture(scope="session")
def tokenizer() -> Tokenizer:
    return SentencePieceTokenizer(VOCABULARIES / "source.spm", VOCABULARIES / "target.spm")
