from __future__ import annotations

import pytest

from pipeline.text.prepared import Span
from pipeline.text.protect import find
from pipeline.text.sentences import Splitting, sentences


def parts(text: str) -> list[str]:
    """The sentences, with the spans in them in ⟪⟫."""
    found = find(text)
    shown = []
    for sentence in sentences(text, "on", found):
        at, pieces = sentence.start, []
        for span in found:
            if sentence.start <= span.start and span.end <= sentence.end:
                pieces += [text[at : span.start], f"⟪{text[span.start : span.end]}⟫"]
                at = span.end
        shown.append("".join([*pieces, text[at : sentence.end]]))
    return shown


@pytest.mark.parametrize(
    "block",
    [
        '```python\nprint("你好")  # 打印问候\n```',
        "~~~\n中文。代码\n~~~",
        "````\n```\n嵌套\n```\n````",
        "```\n没有结束的代码。",
        "```\r\n中文\r\n```",
        "$$\nx = 中\n$$",
        '<script src="a.js">\nvar a = "中文";\n</script>',
    ],
)
@pytest.mark.parametrize("splitting", ["on", "nonewlines"])
def test_a_block_is_no_sentence_whatever_stands_in_it(block: str, splitting: Splitting) -> None:
    text = f"请看：\n{block}"
    found = find(text)
    assert [text[span.start : span.end] for span in found] == [block]
    assert list(sentences(f"{text}\n", splitting, found)) == [Span(0, 3)]


def test_fences_in_a_list_or_a_quotation_are_known() -> None:
    assert parts("1. 步骤\n   ```sh\n   ls 目录\n   ```") == ["步骤"]
    assert parts("> ```\n> 代码\n> ```\n好") == ["好"]


def test_code_within_a_line_opens_no_block() -> None:
    assert parts("~~~\n你好") == ["~~~", "你好"]
    assert parts("```a```很好\n第二行") == ["⟪```a```⟫很好", "第二行"]


def test_a_tag_may_go_over_several_lines() -> None:
    tag = '<a\n  href="https://a.cn"\n  title="首页">'
    assert parts(f"{tag}首页</a>很好") == [f"⟪{tag}⟫首页⟪</a>⟫很好"]
    assert parts("若a<b\n且c>d") == ["若a<b", "且c>d"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "点击{count, plural, one {# 个文件} other {# 个文件}}查看。",
            ["点击", "⟪#⟫ 个文件", "⟪#⟫ 个文件", "查看。"],
        ),
        (
            "{n,plural,=0{没有消息}=1{一条消息}other{#条消息}}",
            ["没有消息", "一条消息", "⟪#⟫条消息"],
        ),
        ("{g, select, male {他} other {{name}的 # 号}}", ["他", "⟪{name}⟫的 # 号"]),
        (
            "{a, plural, other {{b, plural, one {一} other {多}}}}",
            ["一", "多"],
        ),
        ('{"t": "{n, plural, one {一个} other {多个}}"}', ["一个", "多个"]),
        ("{n, plural, one {没有结束", ["{n, plural, one {没有结束"]),
    ],
)
def test_the_texts_of_a_message_are_sentences(text: str, expected: list[str]) -> None:
    assert parts(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"name": "张三", "age": 30, "city": "北京"}', ["张三", "北京"]),
        (
            '{\n  "名称": "苹果",\n  "url": "https://a.cn"\n}',
            ["{", "名称", "苹果", '"url": ⟪"https://a.cn"⟫', "}"],
        ),
        ('["苹果", "香蕉"]', ["苹果", "香蕉"]),
        ('console.log("你好，" + name);', ["你好，"]),
        ("logger.info('开始处理');", ["开始处理"]),
        ('printf("共%d个\\n第二行", n);', ["共⟪%d⟫个", "第二行"]),
        ('msgid "共有 %d 个文件"', ["共有 ⟪%d⟫ 个文件"]),
        ("if (x > 0) { // 判断正数", ["判断正数"]),
        ('print("你好")  # 打印问候', ["你好", "打印问候"]),
        ("/* 说明 */", ["说明"]),
        ("int a = 1; /* 说明。 */", ["说明。"]),
        ("npm run build # 构建", ["构建"]),
        ('>>> print("你好")', ["你好"]),
        ("title=标题", ["标题"]),
        ("- name: 张三", ["张三"]),
        (r'{"a":"他说\"好\""}', [r"他说⟪\"⟫好⟪\"⟫"]),
        ('title = "你好。再见。"', ["你好。", "再见。"]),
    ],
)
def test_the_texts_of_code_are_sentences(text: str, expected: list[str]) -> None:
    assert parts(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('返回{"code": 0, "msg": "成功"}即可', '返回⟪{"code": 0, "msg": "成功"}⟫即可'),
        ('设为["甲", {"b": "乙"}]。', '设为⟪["甲", {"b": "乙"}]⟫。'),
        ("调用print('你好。')输出", "调用⟪print('你好。')⟫输出"),
        ("函数f(x)的值", "函数f(x)的值"),
    ],
)
def test_code_within_prose_is_kept_whole(text: str, expected: str) -> None:
    assert parts(text) == [expected]


@pytest.mark.parametrize(
    "text",
    [
        '"这是对的。"他说。',
        '他说："你好。"',
        '"你好。"',
        "'你好'",
        "It's 你好 isn't it",
        '- "你好"',
        "C#语言",
        "见 a -- 你好",
        "第1 # 你好",
    ],
)
def test_prose_is_no_code(text: str) -> None:
    assert not any(span.kind == "structure" for span in find(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("| 名称 | 说明 |\n|---|:---:|\n| 苹果 | 水果 |", ["名称", "说明", "苹果", "水果"]),
        ("名称|说明\n--|--\n苹果|水果\n\n甲|乙", ["名称", "说明", "苹果", "水果", "甲|乙"]),
        ("新闻 | 体育", ["新闻", "体育"]),
        ("| `a|b` | 好\\|坏 |", ["⟪`a|b`⟫", "好⟪\\|⟫坏"]),
        ("若|x|大于1", ["若|x|大于1"]),
    ],
)
def test_cells_of_a_table_are_sentences(text: str, expected: list[str]) -> None:
    assert parts(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("**重要**：*然后*再，~~不要~~走", ["⟪**⟫重要⟪**⟫：⟪*⟫然后⟪*⟫再，⟪~~⟫不要⟪~~⟫走"]),
        ("请看[**说明**](a.md)。", ["请看⟪[**⟫说明⟪**](a.md)⟫。"]),
        (
            "见[文档](https://a.cn/b_(c))和[ref][note]",
            ["见⟪[⟫文档⟪](https://a.cn/b_(c))⟫和⟪[ref][note]⟫"],
        ),
        ("![图片](a.png)说明", ["图片", "说明"]),
        ("***非常***好", ["⟪***⟫非常⟪***⟫好"]),
        ("__重要__ 好", ["⟪__⟫重要⟪__⟫ 好"]),
        ("用**Git**吧", ["用⟪**Git**⟫吧"]),
        ("日期____年__月__日", ["日期⟪____⟫年⟪__⟫月⟪__⟫日"]),
        ("3*4*5等于60", ["3*4*5等于60"]),
        ("*注：没有结束", ["*注：没有结束"]),
        ("参见[注](见下文)", ["参见[注](见下文)"]),
        ("**注意！**请保存。", ["⟪**⟫注意！⟪**⟫", "请保存。"]),
        ("**请保存。**", ["请保存。"]),
        ("[![徽章](a.svg)](https://a.cn)说明", ["徽章", "说明"]),
        ("`a*b*c`和a_b_c", ["⟪`a*b*c`⟫和⟪a_b_c⟫"]),
    ],
)
def test_marks_of_markdown_are_spans(text: str, expected: list[str]) -> None:
    assert parts(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"{\an8}{\i1}他走了{\i0}\N我们也走吧", ["他走了", "我们也走吧"]),
        (r"他{\i1}真的{\i0}走了", [r"他⟪{\i1}⟫真的⟪{\i0}⟫走了"]),
        ("Dialogue: 0,0:00:01.00,0:00:03.00,Default,,0,0,0,,你好。再见。", ["你好。", "再见。"]),
        ("[00:12.00]我爱你", ["我爱你"]),
    ],
)
def test_the_lines_of_a_subtitle_are_sentences(text: str, expected: list[str]) -> None:
    assert parts(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<p>你好</p><p>再见</p>", ["你好", "再见"]),
        ("<td>苹果</td><td>香蕉</td>", ["苹果", "香蕉"]),
        ("<b>你好。</b>再见", ["你好。", "再见"]),
        ("你好。<b><i>再见</i></b>", ["你好。", "再见"]),
        ("<b>重点</b>内容", ["⟪<b>⟫重点⟪</b>⟫内容"]),
        ("<b>甲</b>和<b>乙</b>", ["⟪<b>⟫甲⟪</b>⟫和⟪<b>⟫乙⟪</b>⟫"]),
        ("<b>甲。乙。</b>", ["甲。", "乙。"]),
        ("<br/>好<img src='a'>", ["好"]),
        ("</b>", ["⟪</b>⟫"]),
    ],
)
def test_tags_around_a_sentence_are_no_part_of_it(text: str, expected: list[str]) -> None:
    assert parts(text) == expected
