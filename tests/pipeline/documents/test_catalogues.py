"""What localisers have: gettext, XLIFF, JSON, .strings and .resx."""

from __future__ import annotations

import json

import polib
import pytest
from lxml import etree

from pipeline.documents import UnreadableDocument, open_document
from tests.pipeline.documents.samples import (
    CATALOGUE,
    JSON,
    RESX,
    STRINGS,
    XLIFF_1,
    XLIFF_2,
    pseudo,
)


def translated(name: str, source: str, *english: str) -> str:
    document = open_document(name, source.encode())
    return document.write(english or [pseudo(text) for text in document.texts]).decode()


def test_entries_without_a_translation_get_a_fuzzy_one() -> None:
    catalogue = polib.pofile(translated("a.po", CATALOGUE, "Save", "%d files"))
    assert [(entry.msgid, entry.msgstr, entry.fuzzy) for entry in catalogue] == [
        ("保存", "Save", True),
        ("打开", "Open", False),
        ("%d 个文件", "", True),
    ]
    assert catalogue[2].msgstr_plural == {0: "%d files", 1: "%d files"}
    assert catalogue[2].flags == ["c-format", "fuzzy"]
    assert catalogue.metadata["Language"] == "en"
    assert catalogue[0].occurrences == [("a.c", "1")]


KEPT = """# 译者的注释

#, fuzzy
msgid ""
msgstr ""
"X-Custom: a\\n"
"Language: zh_CN\\n"
"Content-Type: text/plain; charset=UTF-8\\n"

#: a.c:1
#. 说明
# 注释
#, c-format
#| msgid "旧"
msgctxt "菜单"
msgid "保存"
msgstr ""

  msgid ""
  "第一行\\n"
  "第二行"
  msgstr ""

#~ msgid "旧的"
#~ msgstr "old"
"""


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_only_the_lines_of_a_translation_change_in_a_catalogue(line_end: str) -> None:
    expected = (
        KEPT.replace("zh_CN", "en")
        .replace("#, c-format", "#, c-format, fuzzy")
        .replace('"保存"\nmsgstr ""', '"保存"\nmsgstr "Save \\"it\\""')
        .replace("  msgid", "#, fuzzy\n  msgid")
        .replace('  msgstr ""', '  msgstr ""\n"One\\n"\n"Two"')
    )
    source = KEPT.replace("\n", line_end)
    assert translated("a.po", source, 'Save "it"', "One\nTwo") == expected.replace("\n", line_end)
    assert translated("a.po", source, "保存", "第一行\n第二行") == source


def test_units_of_xliff_1_get_targets_to_review() -> None:
    new = translated("a.xlf", XLIFF_1, "Please <g1>save</g1> the file<x2/>.")
    assert (
        '<trans-unit id="1" approved="no"><source>请<g id="1">保存</g>文件<x id="2"/>。</source>'
        '<target state="needs-review-translation">Please <g id="1">save</g> the file<x id="2"/>.'
        "</target></trans-unit>"
    ) in new
    assert "<source>打开</source><target>Open</target>" in new
    assert '<trans-unit id="3" translate="no"><source>不译</source></trans-unit>' in new
    assert 'target-language="en"' in new


def test_segments_of_xliff_2_get_targets() -> None:
    new = translated("a.xliff", XLIFF_2, "Please <g1>save</g1> it")
    assert '<segment state="translated">' in new
    assert '<target>Please <pc id="1">save</pc> it</target>' in new
    assert 'trgLang="en"' in new
    assert new.count("<target>") == 1
    etree.fromstring(new.encode())


def test_values_of_json_change_and_keys_and_layout_do_not() -> None:
    new = translated("a.json", JSON, "value", "hello")
    assert new == '{"键": "value",\n  "a": ["hello", 1.50, {"b": "x"}]}\n'
    assert json.loads(new)["a"][1] == 1.5


def test_a_file_of_flutter_says_that_it_is_english() -> None:
    source = '{"@@locale": "zh_CN", "a": "好", "@a": {"x": "zh"}}'
    new = '{"@@locale": "en", "a": "fine", "@a": {"x": "zh"}}'
    assert translated("app_zh.arb", source, "fine") == new
    assert translated("app_zh.json", source, "fine") == new.replace('"en"', '"zh_CN"')
    assert translated("app_zh.arb", source, "好") == source


def test_values_of_strings_change_and_comments_do_not() -> None:
    assert translated("a.strings", STRINGS, 'Hi "x" %@\n') == (
        '/* 注释 "a" = "好"; */\n"k" = "Hi \\"x\\" %@\\n";\n'
    )


def test_only_texts_among_resources_change() -> None:
    new = translated("a.resx", RESX, "Save")
    assert new == RESX.replace("<value>保存", "<value>Save")
    marked = "\ufeff" + RESX.replace("\n", "\r\n")
    assert translated("a.resx", marked, "Save") == marked.replace("<value>保存", "<value>Save")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.json", '{"a": "好"'),
        ("a.json", '{"a": 好}'),
        ("a.po", "好"),
        ("a.xlf", "<a>好</a>"),
        ("a.xlf", "<xliff>好"),
        ("a.resx", "<a>好</a>"),
        ("a.strings", "好"),
        ("a.srt", "好"),
        ("a.vtt", "WEBVTT 好"),
        ("a.ass", "好"),
    ],
)
def test_what_is_not_of_its_kind_is_refused_in_one_line(name: str, content: str) -> None:
    with pytest.raises(UnreadableDocument) as refused:
        open_document(name, content.encode())
    assert str(refused.value).startswith(f"{name}: ")
    assert "\n" not in str(refused.value)
