"""Human translations are no cause for warnings: the checks may fire on one in a hundred at most."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import sentencepiece

from pipeline.answer.parse import Parser
from pipeline.answer.retries import Ladder
from pipeline.answer.review import Postprocessor
from pipeline.decode.options import Hypothesis
from pipeline.text.prepare import Preprocessor
from pipeline.text.units import UnitEncoder
from pipeline.tokenizers.sentencepiece import SentencePieceTokenizer
from tests.bundles import MASKS, VOCABULARIES
from tests.pipeline.walks import first_round

FLORES = Path(__file__).resolve().parents[3] / "quantize" / "testsets"
TARGET = sentencepiece.SentencePieceProcessor(model_file=str(VOCABULARIES / "target.spm"))


def test_human_references_raise_warnings_on_at_most_one_sentence_in_a_hundred() -> None:
    tokenizer = SentencePieceTokenizer(
        VOCABULARIES / "source.spm", VOCABULARIES / "target.spm", MASKS
    )
    encoder = UnitEncoder(tokenizer, limit=1000, mask_symbols=MASKS)
    preprocessor = Preprocessor(encoder)
    postprocessor = Postprocessor(Parser(tokenizer, 1, 0, MASKS), Ladder(encoder))
    sources = (FLORES / "flores-dev.zh").read_text(encoding="utf-8").splitlines()
    references = (FLORES / "flores-dev.en").read_text(encoding="utf-8").splitlines()
    raised: Counter[str] = Counter()
    flagged = 0
    for source, reference in zip(sources, references, strict=True):
        hypothesis = Hypothesis(tuple(TARGET.encode(reference)), -0.5, 1)
        walk = first_round(postprocessor, preprocessor.prepare(source, "off"), [hypothesis])
        (sentence,) = walk.translation().sentences
        raised.update(sentence.warnings)
        flagged += bool(sentence.warnings)
    assert len(sources) == 997
    assert flagged <= 9, raised
