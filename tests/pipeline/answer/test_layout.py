"""A thousand layouts come back with every separator and as many sentences as went in."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.answer.review import Postprocessor
from pipeline.decode.options import Hypothesis
from pipeline.text.prepare import Preprocessor
from pipeline.tokenizers.sentencepiece import SentencePieceTokenizer
from tests.bundles import MASKS, VOCABULARIES
from tests.pipeline.walks import first_round

ENGLISH = Hypothesis(
    tuple(
        SentencePieceTokenizer(
            VOCABULARIES / "target.spm", VOCABULARIES / "target.spm", MASKS
        ).encode("It is so.")
    ),
    -0.5,
    4,
)
SENTENCES = st.sampled_from(
    [
        "他来了。",
        "今天天气很好！",
        "你吃饭了吗？",
        "他说：“好的。”",
        "我用Python 3.5写代码。",
        "让我们再等一等吧……",
        "價格是三元。",
        "（注：很好。）",
    ]
)
LINE_ENDS = st.sampled_from(
    ["\n", "\r\n", "\r", "\u2028", "\x85", "\n\n", "\r\n\r\n\r\n", "\n \t\n"]
)
INDENTS = st.sampled_from(["", "", "　　", "  ", "\t", "- ", "  * ", "• ", "# ", "\t- [x] ", "> "])
GAPS = st.sampled_from(
    [("", " "), (" ", " "), ("  ", "  "), ("　", " "), ("\t", "\t"), ("    ", "    ")]
)
LINES = st.lists(st.tuples(SENTENCES, GAPS), min_size=1, max_size=4)


@st.composite
def layouts(draw: st.DrawFn) -> tuple[str, str, int]:
    """A document, its translation, and how many sentences it has."""
    source = target = draw(st.sampled_from(["", "\n", "\r\n  \n"]))
    count = 0
    for number in range(draw(st.integers(1, 5))):
        if number:
            line_end = draw(LINE_ENDS)
            source, target = source + line_end, target + line_end
        indent = draw(INDENTS)
        source, target = source + indent, target + indent
        line = draw(LINES)
        for place, (sentence, (gap, english)) in enumerate(line):
            last = place + 1 == len(line)
            source += sentence + ("" if last else gap)
            target += "It is so." + ("" if last else english)
            count += 1
    end = draw(st.sampled_from(["", "\n", " \r\n", "　"]))
    return source + end, target + end, count


@settings(max_examples=1000)
@given(layouts())
def test_every_separator_and_the_count_of_sentences_come_back(
    preprocessor: Preprocessor, postprocessor: Postprocessor, layout: tuple[str, str, int]
) -> None:
    source, target, count = layout
    prepared = preprocessor.prepare(source)
    walk = first_round(postprocessor, prepared, [ENGLISH] * len(prepared.units))
    translation = walk.translation()
    assert len(translation.sentences) == count
    assert translation.text == target
    for sentence in translation.sentences:
        assert source[sentence.source_span.start : sentence.source_span.end] == sentence.source
        assert (
            translation.text[sentence.target_span.start : sentence.target_span.end]
            == sentence.target
        )
