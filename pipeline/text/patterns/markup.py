"""Tags and entities of HTML, XML, subtitles and games."""

from __future__ import annotations

from pipeline.text.found import STRUCTURE
from pipeline.text.patterns.pattern import HAN, Pattern

_VALUE = r"""=(?:"[^"<>]{0,1000}+"|'[^'<>]{0,1000}+'|[^\s"'<>]{1,1000}+)"""
_NAME = rf"[A-Za-z_:@.#*{HAN}\[(-][\w{HAN}:.\])-]{{0,80}}+"
_ATTRIBUTE = rf"(?:\s++{_NAME}{_VALUE}|[ \t]++[A-Za-z_:@.#*\[(-][\w:.\])-]{{0,80}}+)"
# Attributes that stand on several lines have values; "a<b\nand c>d" is no tag.
TAG = rf"</?[A-Za-z][\w:.-]{{0,80}}+{_ATTRIBUTE}{{0,60}}+\s*+/?>"

_BLOCKS = (
    "p|div|li|ul|ol|dl|dt|dd|h[1-6]|td|th|tr|table|thead|tbody|caption|section|article|header|footer"
    "|nav|main|aside|blockquote|pre|option|select|form|figure|figcaption|title|head|body|html"
)

MARKUP = (
    Pattern(  # parts sentences, as a line end does
        STRUCTURE,
        rf"</?(?:{_BLOCKS})(?![\w:.-]){_ATTRIBUTE}{{0,60}}+\s*+/?>",
        finds=('⟪<p class="x">⟫你好⟪</p><p>⟫世界⟪</p>⟫', "⟪<td>⟫苹果⟪</td>⟫"),
    ),
    Pattern(
        "tag",
        TAG,
        finds=(
            "⟪<b>⟫重⟪</b>⟫⟪<br/>⟫",
            "⟪<a href=\"x\" id='y'>⟫点⟪</a>⟫",
            '⟪<img alt="图片" 标题="首页">⟫好',
            '⟪<input disabled value="你好"/>⟫',
        ),
        leaves=("若a<b且c>d", "若a<b 且 c>d", "<用户名>"),
    ),
    Pattern(
        "tag",
        r"<v(?:\.[\w.]{1,40}+)?[ \t][^<>]{1,100}+>",
        finds=("⟪<v 小明>⟫你好⟪</v>⟫", "⟪<v.loud 王 先生>⟫好"),
    ),
    Pattern("tag", r"<!--(?:[^-]|-(?!->)){0,400}+-->", finds=("⟪<!-- 注释。 -->⟫你好",)),
    Pattern(
        "tag",
        r"<\?[A-Za-z][^<>]{0,400}+>|<![A-Z][^<>]{0,400}+>|<!\[CDATA\[|\]\]>|</?>",
        finds=('请看⟪<?xml version="1.0"?>⟫的说明', "⟪<!DOCTYPE html>⟫", "⟪<![CDATA[⟫你好⟪]]>⟫"),
    ),
    Pattern(
        "tag",
        r"</?\d{1,9}/?>|<\d{1,3}(?::\d{2}){1,2}(?:\.\d{1,3})?>",
        finds=("⟪<1>⟫你好⟪</1>⟫", "请看⟪<00:01.000>⟫的说明"),
    ),
    Pattern(
        "tag",
        r"<[A-Za-z][\w-]{0,40}+=[^<>\s]{1,100}+>|<\#[0-9A-Fa-f]{3,8}>",
        finds=("⟪<color=#FF0000>⟫红⟪</color>⟫", "使用⟪<size=12>⟫，⟪<#FF00AA>⟫色"),
    ),
    Pattern(
        "tag",
        r"<(?:@[!&]?|#)\d{1,20}>|<a?:\w{1,40}+:\d{1,20}>",
        finds=("⟪<@123456>⟫你好，⟪<:smile:123>⟫",),
    ),
    Pattern(
        "tag",
        r"\[/?(?:b|i|u|s|url|img|quote|code|color|size|font|center|list|spoiler)(?:=[^\[\]]{1,200}+)?\]",
        finds=("⟪[b]⟫重⟪[/b]⟫", "⟪[color=red]⟫红⟪[/color]⟫"),
    ),
    Pattern(
        "entity",
        r"&(?:[A-Za-z]{2,8}\d?|\#\d{1,7}|\#[xX][0-9A-Fa-f]{1,6});",
        finds=("价格 ⟪&lt;⟫100⟪&nbsp;⟫元⟪&#39;⟫",),
        leaves=("AT&T;",),
    ),
)
