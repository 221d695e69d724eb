from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.text.normalise import BLANKS, LINE_END
from pipeline.text.protect import find
from pipeline.text.sentences import sentences


def cut(text: str) -> list[str]:
    return [text[span.start : span.end] for span in sentences(text, "on", find(text))]


@pytest.mark.parametrize(
    "text",
    [
        "今天很好。|我们去玩！|好吗？|好。",
        "真的吗？！|是的。。。|好！！！",
        "他问：“你好吗？”|我说：“好。”|然后走了。",
        '她说:"来了。"|他笑了。',
        "他说「走吧。」|我们就走了。",
        "我不知道该怎么办……|后来他走了。",
        "我们等了很久...|他没来。",
        "今天天气很好.|我们去公园.",
        "你好!|再见!",
        "他走了。）|我没走。",
        "“控制住了。|他说。“",
        "你好！～～|再见。",
        "我在U.S.工作。|He left. |他走了。",
        "This is fine. |这是中文。|How are you? |很好。",
        "（他笑了。）|我们走。",
        "共有 1990. |他来了。",
        "“加油！加油！”|“好的。”",
        "他等了很久…|后来走了。",
        "今天3点开会…|别忘了带资料。",
        "可是…|我真的爱你。",
        "【注：略。】|正文开始。",
        "【公告】|今天停水。",
        "见https://例子.中国/路径。|下一句。",
    ],
)
def test_sentences_are_parted(text: str) -> None:
    assert cut(text.replace("|", "")) == [part.strip() for part in text.split("|")]


@pytest.mark.parametrize(
    "text",
    [
        "价格是3.5元，版本是v1.2.3。",
        "他在U.S. 政府工作。",
        "Dr. 王和Mr. 李来了。",
        "U.S. 政府和 Apple Inc. 公司",
        "参见 No. 5 和 Fig. 3。",
        "访问https://example.com/a?b=1!c&d=2.html吧。",
        "发信给a.b@example.com吧。",
        "我用Node.js和.NET。",
        "“你来了吗？”他问。",
        "“你好。我是王明。”他说。",
        "他高喊“加油！”的口号。",
        "《你好，李焕英！》很好看。",
        "《谁动了我的奶酪？》是一本书。",
        "我去了（真的！）北京。",
        "我去了(真的！)北京。",
        "我……我……",
        "他想，……还是算了",
        "若a != b则x ? y : z成立。",
        "第一，这个；第二，那个。",
        "Yahoo!公司很大",
        "什么？——他没听见。",
        "路径是../a和1...10之间。",
        "共 1. 打开 2. 关闭",
        "约翰·F. 肯尼迪",
        "我…我不知道",
        "见https://例子.中国/路径。",
        "运行`你好。再见`吧",
        "【苹果】的价格",
    ],
)
def test_what_only_looks_like_an_end_does_not_part(text: str) -> None:
    assert cut(text) == [text]


def test_a_long_quotation_is_parted_inside() -> None:
    quotation = "“" + "这是一个相当长的句子用来测试。" * 4 + "”"
    assert len(cut(quotation + "他说。")) == 5


@pytest.mark.parametrize("text", ["", " ", "\n\n", "　\t\u200b\ufeff\r\n", "- ", "•\n•"])
def test_blank_text_has_no_sentence(text: str) -> None:
    assert cut(text) == []


NASTY = (
    "中文字好aB1 9.。！？!?…,，；:：“”‘’\"'（）()《》「」"
    "\n\r\t\v\u2028\x85\u3000\u200b\ufeff\u0301\u200d😀👍🏽-*•一十"
    "、①~～</>&@"
)


@given(st.text(alphabet=NASTY, max_size=80))
def test_spans_are_ordered_trimmed_and_leave_out_only_layout(text: str) -> None:
    end = 0
    for span in sentences(text):
        assert end <= span.start < span.end
        sentence = text[span.start : span.end]
        assert sentence == sentence.strip(BLANKS)
        assert not LINE_END.search(sentence)
        assert not set(text[end : span.start]) & set(
            "中文字好。！？!?…,，；:：“”‘’\"'《》「」😀<&@"
        )
        end = span.end
    assert not set(text[end:]) & set("中文字好。！？!?…,，；:：“”‘’\"'《》「」😀<&@")
