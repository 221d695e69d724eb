"""Each check fires on a hypothesis injected for it, and its remedy works on the real model."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.answer.parse import Parser
from pipeline.answer.retries import TRIES, Ladder
from pipeline.answer.review import Postprocessor
from pipeline.answer.translation import Translation, Try
from pipeline.bundle import Bundle
from pipeline.config import DEFAULT_MODEL
from pipeline.decode.options import DecodingOptions, Hypothesis, Strictness
from pipeline.text.prepare import Preprocessor
from pipeline.text.units import UnitEncoder
from pipeline.tokenizers import load_tokenizer
from pipeline.tokenizers.sentencepiece import SentencePieceTokenizer
from pipeline.translator import Translator
from tests.bundles import MASKS, VOCABULARIES
from tests.pipeline.walks import first_round, retry


class Bench:
    """Reviews injected hypotheses, and decodes the retries for real."""

    def __init__(self, translator: Translator) -> None:
        bundle = translator.bundle
        self.engine = translator.engine
        self.preprocessor = Preprocessor.load(bundle)
        self.postprocessor = Postprocessor.load(bundle)
        folder = bundle.path
        self.encode = SentencePieceTokenizer(
            folder / "target.spm", folder / "target.spm", MASKS
        ).encode
        self.remedies: list[str] = []

    def inject(self, source: str, output: str | Hypothesis) -> tuple[Translation, Translation]:
        """With `output` for the source's one sentence: the translation before and after retries."""
        if isinstance(output, str):
            output = Hypothesis(tuple(self.encode(output)), -0.5, 9)
        prepared = self.preprocessor.prepare(source)
        first = first_round(self.postprocessor, prepared, [output]).translation()
        walk = first_round(self.postprocessor, prepared, [output])
        self.remedies = []
        while due := retry(self.postprocessor, walk, self.decode):
            self.remedies += [tried.remedy for tried in due]
        return first, walk.translation()

    def decode(self, ids: tuple[int, ...], tried: Try) -> Hypothesis:
        options = tried.strictness.applied(self.engine.defaults)
        return self.engine.submit(ids, options=options).result()[0]


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with Translator.load(DEFAULT_MODEL) as translator:
        yield Bench(translator)


@pytest.mark.parametrize(
    ("warning", "remedy", "source", "output", "expected"),
    [
        (
            "protected",
            "around",
            "请访问https://example.com/a了解更多。",
            "Please visit the page.",
            "https://example.com/a",
        ),
        ("protected", "around", "你好，{name}！", "Hello ⟦0⟧ ⟦0⟧!", "{name}"),
        ("protected", "around", "这是<b>重点</b>内容。", "This is ⟦1⟧the key⟦0⟧.", "</b>"),
        ("protected", "around", "下载<img src=a>安装包", "Download ⟦0⟧", "<img src=a> Install"),
        ("empty", "around", "😀你好😀", "⟦0⟧ ⟦1⟧", "😀 "),
        ("empty", "greedy", "他住在北京。", Hypothesis((), 0.0, 1), "Beijing"),
        ("copied", "greedy", "他住在北京。", "他住在北京。", "Beijing"),
        ("chinese", "greedy", "他住在北京。", "He lives in 北京 now.", "Beijing"),
        (
            "numbers",
            "masked",
            "人口约3万，面积1.5亿平方米。",
            "The population is 3.5 million.",
            "150 million",
        ),
        (
            "numbers",
            "masked",
            "二〇二六年，中国经济增长5.2%。",
            "In the two years it grew by 5.2%.",
            "2026",
        ),
        ("numbers", "masked", "他有三百五十本书。", "He came in 1998.", "350"),
        ("loop", "no-repeat", "我喜欢在公园里看书。", "I like" + " the book" * 20, "like"),
        (
            "truncated",
            "no-repeat",
            "他住在北京。",
            Hypothesis((400, 401), -1.0, 9, finished=False),
            "Beijing",
        ),
        ("long", "no-repeat", "他住在北京。", " ".join(map(chr, range(65, 91))) * 2, "Beijing"),
        (
            "short",
            "split",
            "他住在北京，每天早上都去公园跑步，然后去公司上班。",
            "He lives.",
            "company",
        ),
        ("unknown", "greedy", "他住在北京。", Hypothesis((1, 400, 401), -1.0, 9), "Beijing"),
    ],
)
def test_a_check_fires_and_its_remedy_works(
    warning: str, remedy: str, source: str, output: str | Hypothesis, expected: str, bench: Bench
) -> None:
    first, translation = bench.inject(source, output)
    assert warning in first.warnings
    assert bench.remedies[0] == remedy
    assert translation.warnings == ()
    assert expected in translation.text


def test_a_good_translation_is_not_tried_again(bench: Bench) -> None:
    first, translation = bench.inject("他住在北京。", "He lives in Beijing.")
    assert bench.remedies == []
    assert translation == first


def test_what_does_not_get_better_is_kept_with_its_warnings_and_tried_so_often_only(
    bench: Bench,
) -> None:
    prepared = bench.preprocessor.prepare("他有三百五十本书，住在北京。")
    loop = Hypothesis(tuple(bench.encode("the the the the" * 10)), -1.0, 9)
    kept = first_round(bench.postprocessor, prepared, [loop]).translation().text
    walk = first_round(bench.postprocessor, prepared, [loop])
    rounds = 0
    while retry(bench.postprocessor, walk, lambda *_: loop):
        rounds += 1
    assert rounds == TRIES
    assert walk.translation().text == kept
    assert {"loop", "numbers"} <= set(walk.translation().warnings)


def test_only_the_sentences_that_failed_are_tried_again(bench: Bench) -> None:
    prepared = bench.preprocessor.prepare("你好。他住在北京。再见。")
    good = Hypothesis(tuple(bench.encode("Good.")), -0.5, 3)
    better = Hypothesis(tuple(bench.encode("He lives.")), -0.5, 3)
    walk = first_round(bench.postprocessor, prepared, [good, Hypothesis((), 0.0, 1), good])
    assert [sentence.target for sentence in walk.final()] == ["Good."]
    assert [tried.unit for tried in retry(bench.postprocessor, walk, lambda *_: better)] == [1]
    assert [sentence.target for sentence in walk.final()] == ["He lives.", "Good."]
    assert walk.translation().text == "Good. He lives. Good."
    assert len(walk.translation().sentences) == 3


def test_a_model_without_mask_symbols_sees_the_spans_and_is_led_around_those_it_loses() -> None:
    tokenizer = SentencePieceTokenizer(
        VOCABULARIES / "source.spm", VOCABULARIES / "target.spm", MASKS
    )
    encoder = UnitEncoder(tokenizer, 128)
    bundle = Bundle.load(DEFAULT_MODEL)
    shown = Preprocessor.load(bundle)
    entry, end_id = bundle.manifest.tokenizer, bundle.manifest.decoding.end_id
    parser = Parser(load_tokenizer(bundle), entry.unknown_id, end_id, entry.mask_symbols)
    postprocessor = Postprocessor(parser, Ladder(encoder))
    source = "请访问https://example.com了解更多。"
    prepared = Preprocessor(encoder).prepare(source)
    assert prepared.units[0].ids == tuple(tokenizer.encode(source))
    assert prepared.units[0].ids != shown.prepare(source).units[0].ids
    target = SentencePieceTokenizer(VOCABULARIES / "target.spm", VOCABULARIES / "target.spm", MASKS)
    copied = Hypothesis(tuple(target.encode("Please visit https://example.com for more.")), -0.5, 9)
    assert first_round(postprocessor, prepared, [copied]).due() == []
    lost = Hypothesis(tuple(target.encode("Please visit example.com for more.")), -0.5, 9)
    (again,) = first_round(postprocessor, prepared, [lost]).due()
    assert [part.text for part in again.parts if part.ids] == ["请访问", "了解更多。"]


def test_strictness_changes_nothing_else() -> None:
    options = DecodingOptions(beam_size=6, length_penalty=1.0, max_length=50, greedy=True)
    assert Strictness().applied(options) is options
    assert Strictness(no_repeat_ngram=3).applied(options) == DecodingOptions(
        6, 1.0, 50, no_repeat_ngram=3
    )


SOURCES = st.text(alphabet="中文好三百五十aB1。！，{}<b>/`⟦0⟧😀%s\U000f0000\ue000 \n", max_size=60)
IDS = st.lists(
    st.one_of(st.integers(-2, 8005), st.integers(2, 12), st.integers(10, 300)), max_size=24
)


@given(SOURCES, st.data())
def test_whatever_the_model_puts_out_the_walk_ends_with_every_sentence(
    preprocessor: Preprocessor, postprocessor: Postprocessor, source: str, data: st.DataObject
) -> None:
    def drawn() -> Hypothesis:
        return Hypothesis(tuple(data.draw(IDS)), -1.0, 3, data.draw(st.booleans()))

    prepared = preprocessor.prepare(source)
    asked = [unit for unit in prepared.units if unit.ids]
    walk = first_round(postprocessor, prepared, [drawn() for _ in asked])
    rounds = 0
    while retry(postprocessor, walk, lambda *_: drawn()):
        rounds += 1
    assert rounds <= TRIES
    assert walk.finished
    translation = walk.translation()
    assert len(translation.sentences) == len(prepared.units)
    for sentence in translation.sentences:
        assert sentence.target
        span = sentence.target_span
        assert translation.text[span.start : span.end] == sentence.target
