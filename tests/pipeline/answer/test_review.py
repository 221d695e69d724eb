from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import sentencepiece
from hypothesis import given
from hypothesis import strategies as st

from pipeline.answer.review import Postprocessor
from pipeline.answer.translation import Translation
from pipeline.decode.options import Hypothesis
from pipeline.text.prepare import Preprocessor
from pipeline.text.prepared import Prepared
from pipeline.walk import Walk
from tests.bundles import VOCABULARIES
from tests.pipeline.walks import first_round

TARGET = sentencepiece.SentencePieceProcessor(model_file=str(VOCABULARIES / "target.spm"))


def hypothesis(text: str, finished: bool = True) -> Hypothesis:
    return Hypothesis(tuple(TARGET.encode(text)), score=-0.25, steps=5, finished=finished)


class Desk:
    """Translates a text whose sentences' English is given, in order."""

    def __init__(self, preprocessor: Preprocessor, postprocessor: Postprocessor) -> None:
        self.preprocessor = preprocessor
        self.postprocessor = postprocessor

    def translate(self, text: str, *english: str | Hypothesis) -> Translation:
        prepared = self.preprocessor.prepare(text)
        hypotheses = [hypothesis(given) if isinstance(given, str) else given for given in english]
        translation = first_round(self.postprocessor, prepared, hypotheses).translation()
        assert_spans(prepared, translation)
        return translation


@pytest.fixture(scope="module")
def desk(preprocessor: Preprocessor, postprocessor: Postprocessor) -> Desk:
    return Desk(preprocessor, postprocessor)


def assert_spans(prepared: Prepared, translation: Translation) -> None:
    assert translation.source == prepared.text
    assert len(translation.sentences) == len(prepared.units)
    end = 0
    for unit, sentence in zip(prepared.units, translation.sentences, strict=True):
        assert sentence.source == unit.text
        assert sentence.source_span == unit.span
        assert end <= sentence.target_span.start
        end = sentence.target_span.end
        assert translation.text[sentence.target_span.start : end] == sentence.target
        assert (sentence.target == unit.text) or unit.seen


# Cases that users of other services reported.
@pytest.mark.parametrize(
    ("source", "output", "expected"),
    [
        (
            "中国的科技创新能力正在快速提升。",
            "Technology is rising rapidly.",
            "Technology is rising rapidly.",
        ),
        (
            "中国的科技创新能力正在快速提升。",
            "Technology is rising rapidly。",
            "Technology is rising rapidly.",
        ),
        ("你好吗？", "How are you?", "How are you?"),
        ("你好吗？", "How are you", "How are you?"),
        ("iPhone很好。", "iPhone is good.", "iPhone is good."),
        ("iPhone很好。", "The iPhone is good.", "The iPhone is good."),
        ("hello 世界", "Hello World from Beijing", "Hello World from Beijing"),
        ("价格 &lt;100 元", "Price &lt;100 yuan", "Price &lt;100 yuan"),
        ("点击<br />继续", "Click <br /> to continue", "Click <br /> to continue"),
        ("你好，{{person.name}}！", "Hello, {{person.name}}!", "Hello, {{person.name}}!"),
        ("否", "No", "No"),
    ],
)
def test_what_users_reported_comes_out_right(
    source: str, output: str, expected: str, desk: Desk
) -> None:
    translation = desk.translate(source, output)
    assert translation.text == expected
    assert translation.warnings == ()


def test_layout_is_put_back(desk: Desk) -> None:
    source = "　　你好。\r\n\r\n\t- 再见！\u2028  很好。  \n"
    expected = "　　Hello.\r\n\r\n\t- Goodbye!\u2028  Very good.  \n"
    assert desk.translate(source, "Hello.", "Goodbye!", "Very good.").text == expected


def test_hard_wrapped_lines_stay_lines(desk: Desk) -> None:
    assert desk.translate("你好\n世界\n", "Hello", "World").text == "Hello\nWorld\n"


def test_sentences_without_a_space_get_one(desk: Desk) -> None:
    assert (
        desk.translate("你好。再见！好吗？", "Hello.", "Goodbye!", "Okay?").text
        == "Hello. Goodbye! Okay?"
    )


def test_full_width_spaces_become_normal_only_inside_lines(desk: Desk) -> None:
    assert (
        desk.translate("　　你好。　再见。　\n　好。", "Hi.", "Bye.", "OK.").text
        == "　　Hi. Bye.　\n　OK."
    )


def test_spaces_and_tabs_between_sentences_are_kept(desk: Desk) -> None:
    assert (
        desk.translate("姓名\t年龄\n你好。  再见。", "Name", "Age", "Hi.", "Bye.").text
        == "Name\tAge\nHi.  Bye."
    )


def test_list_markers_are_english(desk: Desk) -> None:
    source = "一、总则\n（二）细则\n3、其他\n1. 你好\n①再见\n- 好"
    expected = "1. General\n(2) Details\n3. Others\n1. Hello\n① Bye\n- Good"
    assert (
        desk.translate(source, "General", "Details", "Others", "Hello", "Bye", "Good").text
        == expected
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n",
        "　　",
        "Hello,  world。 ok ",
        "。。。！",
        "😀　😀",
        "&lt;p&gt;",
        "3.14\n\n１２３",
        "こんにちは。げんき？",
        "（一）A",
    ],
)
def test_text_without_chinese_comes_back_as_it_was(text: str, desk: Desk) -> None:
    assert desk.translate(text).text == text


def test_kept_text_is_not_respaced_beside_translations(desk: Desk) -> None:
    assert desk.translate("你好！😀", "Hello!").text == "Hello! 😀"
    assert desk.translate("<b>你好。</b>", "Hello.").text == "<b>Hello.</b>"
    assert desk.translate("Hello  world! 你好。", "Hello.").text == "Hello  world! Hello."
    assert desk.translate("OK。我知道了。", "I see.").text == "OK. I see."


def test_a_kept_part_of_a_chinese_sentence_has_english_punctuation(desk: Desk) -> None:
    names = "、".join(f"{{a{number}}}" for number in range(10))
    masked = ", ".join(f"⟦{number}⟧" for number in range(4))
    translation = desk.translate(f"请看{names}。", f"See {masked},")
    assert translation.text == f"See {', '.join(names.split('、'))}."


def test_parts_of_a_long_sentence_are_joined_by_a_space(desk: Desk) -> None:
    clause = "我们今天去公园看风景" * 12
    translation = desk.translate(f"{clause}，{clause}。", "we go to the park,", "see the view")
    assert translation.text == "We go to the park, see the view."
    assert translation.warnings == ("split", "short")


def test_only_a_sentence_start_gets_a_capital(desk: Desk) -> None:
    assert desk.translate("你好。他来了。", "hello.", "he came.").text == "Hello. He came."
    assert desk.translate("你好。他来了", "hello.", "he came").text == "Hello. He came"
    assert (
        desk.translate("苹果\n梨\t桃   李", "apple", "pear", "peach", "plum").text
        == "apple\npear\tpeach   plum"
    )


def test_scores_and_spans_go_with_their_sentences(desk: Desk) -> None:
    translation = desk.translate("你好。Hi. 再见。", "Hello.", "Bye.")
    assert [sentence.score for sentence in translation.sentences] == [-0.25, None, -0.25]
    assert [sentence.target for sentence in translation.sentences] == ["Hello.", "Hi.", "Bye."]
    assert [sentence.source for sentence in translation.sentences] == ["你好。", "Hi.", "再见。"]


def test_an_empty_output_leaves_the_source_and_says_so(desk: Desk) -> None:
    translation = desk.translate("你好，世界。再见。", Hypothesis((), 0.0, 1), "Bye.")
    assert translation.text == "你好，世界。 Bye."
    assert translation.sentences[0].warnings == ("empty",)
    assert translation.sentences[1].warnings == ()
    assert translation.warnings == ("empty",)


def test_warnings_are_gathered_once_each(desk: Desk) -> None:
    loop = hypothesis("I like salad" + " salad" * 40, finished=False)
    translation = desk.translate("我喜欢沙拉。我喜欢沙拉！好。", loop, loop, "Good.")
    assert translation.text == "I like salad I like salad Good."
    assert translation.warnings == ("truncated", "long", "loop")


def test_a_truncated_sentence_gets_no_final_mark(desk: Desk) -> None:
    assert desk.translate("你好吗？", hypothesis("How are", finished=False)).text == "How are"


def test_a_wrong_number_of_hypotheses_is_an_error(
    preprocessor: Preprocessor, postprocessor: Postprocessor
) -> None:
    walk = Walk(preprocessor.prepare("你好。"))
    (tried,) = walk.due()
    with pytest.raises(ValueError, match="0 hypotheses for 1"):
        postprocessor.review(walk.attempt(tried, []))


SOURCES = st.text(
    alphabet="中文好aB1。！？，“”（）《》\n\r\t\u2028 \u3000\u200b😀-•一、①</>…“", max_size=60
)
IDS = st.lists(st.one_of(st.integers(-2, 8005), st.integers(10, 300)), max_size=24)


@given(SOURCES, st.data())
def test_any_output_keeps_lines_and_spans(
    preprocessor: Preprocessor, postprocessor: Postprocessor, source: str, data: st.DataObject
) -> None:
    prepared = preprocessor.prepare(source)
    hypotheses = [
        Hypothesis(tuple(data.draw(IDS)), 0.0, 3, data.draw(st.booleans()))
        for unit in prepared.units
        if unit.ids
    ]
    translation = first_round(postprocessor, prepared, hypotheses).translation()
    assert_spans(prepared, translation)
    assert [bool(line) for line in translation.text.splitlines()] == [
        bool(line) for line in source.splitlines()
    ]
    for unit, sentence in zip(prepared.units, translation.sentences, strict=True):
        assert sentence.target
        if (not unit.ids and not unit.seen) or "empty" in sentence.warnings:
            assert sentence.target == unit.text


def test_threads_share_a_postprocessor(
    preprocessor: Preprocessor, postprocessor: Postprocessor
) -> None:
    work = [
        (
            preprocessor.prepare(f"第{i}句。好！"),
            [hypothesis(f"Sentence {i}。"), hypothesis("good")],
        )
        for i in range(40)
    ]
    with ThreadPoolExecutor(8) as pool:
        walks = pool.map(lambda item: first_round(postprocessor, *item), work)
        results = [walk.translation() for walk in walks]
    assert [result.text for result in results] == [f"Sentence {i}. Good!" for i in range(40)]
