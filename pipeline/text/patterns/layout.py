"""What parts sentences within a line: subtitles' time codes and line breaks, keys of settings."""

from __future__ import annotations

from pipeline.text.found import STRUCTURE
from pipeline.text.patterns.pattern import HAN, LINE_START, Pattern

LAYOUT = (
    # Keys of .properties and YAML.
    Pattern(
        STRUCTURE,
        rf"{LINE_START}[ \t]*+(?:-[ \t]++)?"
        r"(?:[A-Za-z_][\w.-]{0,80}+[ \t]?=|[a-z_][\w.-]{0,80}+:(?=[ \t]))[ \t]*+"
        rf"(?=[{HAN}])",
        finds=("⟪title=⟫标题", "⟪app.name: ⟫我的应用", "⟪- name: ⟫张三"),
        leaves=("Email: 邮箱", "见a=好"),
    ),
    Pattern(
        STRUCTURE,
        rf"{LINE_START}(?:Dialogue|Comment): ?\d+,(?:[^,]{{0,80}}+,){{8}}",
        finds=("⟪Dialogue: 0,0:00:01.00,0:00:03.00,Default,,0,0,0,,⟫他走了",),
    ),
    Pattern(
        STRUCTURE,
        r"\[\d{1,3}:\d{2}(?:[.:]\d{1,3})?\]",
        finds=("⟪[00:12.00]⟫你好",),
    ),
    # Subtitles: their overrides stand around a line's text, or around words of it.
    Pattern(
        STRUCTURE,
        rf"(?:{LINE_START}|(?<=\\N))(?:\{{\\[^{{}}]{{1,200}}+\}})++|(?<!\}})(?:\{{\\[^{{}}]{{1,200}}+\}})++(?=$|\\N)",
        finds=(r"⟪{\an8}{\i1}⟫他走了⟪{\i0}⟫", r"⟪{\pos(192,220)}⟫第一行⟪\N{\b1}⟫第二行"),
    ),
    Pattern(
        STRUCTURE,
        r"(?<![A-Za-z0-9])\\(?:N|h|n(?![a-z])|r\\n)",
        finds=(r"他走了⟪\N⟫我们也走", r"第一行⟪\n⟫第二行"),
        leaves=("\\name",),
    ),
)
