from __future__ import annotations

import pytest

from pipeline.text.lines import after_markers, layout_end, numeral_worth
from pipeline.text.prepared import Span
from pipeline.text.protect import find
from pipeline.text.sentences import sentences


def cut(text: str) -> list[str]:
    return [text[span.start : span.end] for span in sentences(text, "on", find(text))]


@pytest.mark.parametrize(
    "line_end",
    [
        "\n",
        "\r\n",
        "\r",
        "\v",
        "\f",
        "\x1c",
        "\x1d",
        "\x1e",
        "\x85",
        "\u2028",
        "\u2029",
        "\n\n \r\n",
    ],
)
def test_every_kind_of_line_end_parts_lines(line_end: str) -> None:
    assert cut(f"你好{line_end}世界") == ["你好", "世界"]


MARKERS = [
    *(
        "- ",
        "* ",
        "- [ ] ",
        "•",
        "· ",
        "　　• ",
        "## ",
        "> ",
        ">> ",
        ">>",
        "> > ",
        ">",
        "1. ",
        "1.",
    ),
    *(
        "12) ",
        "3、",
        "１．",
        "一、",
        "一．",
        "一. ",
        "十二、",
        "（一）",
        "(2)",
        "（３） ",
        "①",
        "㈠",
        "a) ",
        "A. ",
        "> - ",
    ),
    *("1.\t", "★ ", "※"),
]


@pytest.mark.parametrize("marker", MARKERS)
def test_indentation_and_list_markers_stay_outside(marker: str) -> None:
    assert cut(f"  {marker}打开文件。") == ["打开文件。"]


@pytest.mark.parametrize("marker", MARKERS)
@pytest.mark.parametrize("tag", ["", "<b>", "[", "{"])
def test_layout_ends_behind_the_markers_and_before_a_tag(marker: str, tag: str) -> None:
    assert layout_end(f"  {marker}{tag}") == len(f"  {marker}")


@pytest.mark.parametrize("text", ['{"a": "', "| ", "1. 好", r"\N", 'a.b("', "**", "- x"])
def test_what_begins_otherwise_has_no_layout(text: str) -> None:
    assert layout_end(text) == 0


@pytest.mark.parametrize(
    "text",
    [
        "-5度",
        "3.5亿",
        "1、2年级",
        "1、2、3班",
        "一、二年级",
        "一、三年级",
        "三、四百人",
        "三、四个人",
        "一、二、三等奖",
        "二、三线城市",
        "2020.年",
        "十分好",
        "（一九九〇年）你好",
        "——他说",
        ">5个",
    ],
)
def test_what_only_looks_like_a_marker_stays_inside(text: str) -> None:
    assert cut(text) == [text]


@pytest.mark.parametrize(
    "text",
    [
        "一、|一般规定",
        "二、|三大任务",
        "四、|一些问题",
        "一、|三个代表",
        "二、|十年规划",
        "十、|百年大计",
        "六、|五四运动",
        "1、|一般要求",
        "3、|2024年计划",
        "一、|2024年计划",
    ],
)
def test_the_number_of_a_heading_is_a_marker_whatever_numeral_follows(text: str) -> None:
    marker, rest = text.split("|")
    assert after_markers(marker + rest, Span(0, len(marker + rest))) == len(marker)


@pytest.mark.parametrize(
    "text",
    ["★★★★☆ 很好用", "☆☆☆☆☆五星好评", "※※※※※重要", "▶▶开始", "★😀开心", "▶️点击", "★❤️喜欢", "1️⃣ 好"],
)
def test_no_marker_is_taken_from_a_protected_span(text: str) -> None:
    assert cut(text) == [text]


def test_cells_of_a_table_are_parted() -> None:
    assert cut("姓名\t年龄 \t 地址    电话") == ["姓名", "年龄", "地址", "电话"]
    assert cut("总则  一般") == ["总则  一般"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A．苹果　B．香蕉　C．橙子", ["苹果", "B．香蕉", "C．橙子"]),
        ("A. 红色 B. 蓝色 C. 绿色", ["红色", "B. 蓝色", "C. 绿色"]),
        ("约翰·F. 肯尼迪和 G. 华盛顿", ["约翰·F. 肯尼迪和", "G. 华盛顿"]),
        ("乔治 W. 布什", ["乔治 W. 布什"]),
        ("第一章　总则", ["第一章", "总则"]),
        ("目　录", ["目　录"]),
        ("姓　名：张三", ["姓　名：张三"]),
    ],
)
def test_options_and_full_width_gaps_part_cells(text: str, expected: list[str]) -> None:
    assert cut(text) == expected


@pytest.mark.parametrize(
    ("numeral", "worth"),
    [("一", 1), ("十", 10), ("十二", 12), ("三十", 30), ("九十九", 99), ("两", 2)],
)
def test_numerals_of_headings_are_read(numeral: str, worth: int) -> None:
    assert numeral_worth(numeral) == worth
