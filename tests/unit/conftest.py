from __future__ import annotations

import pytest

from pipeline.tokenizer import SentencePieceTokenizer, Tokenizer
from tests.bundles import VOCABULARIES


@pytest.fixture(scope="session")
def tokenizer() -> Tokenizer:
    return SentencePieceTokenizer(VOCABULARIES / "source.spm", VOCABULARIES / "target.spm")
