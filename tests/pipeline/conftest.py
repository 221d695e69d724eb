from __future__ import annotations

import pytest

from pipeline.answer.review import Postprocessor
from pipeline.bundle import Bundle
from pipeline.text.prepare import Preprocessor
from pipeline.tokenizers import Tokenizer
from pipeline.tokenizers.sentencepiece import SentencePieceTokenizer
from tests.bundles import MASKS, VOCABULARIES, text_bundle


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


@pytest.fixture(scope="session")
def tokenizer() -> Tokenizer:
    return SentencePieceTokenizer(VOCABULARIES / "source.spm", VOCABULARIES / "target.spm", MASKS)
