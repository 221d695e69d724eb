"""Signs that stand for themselves: emoji, enumerators, blanks to fill in, a model's own symbols."""

from __future__ import annotations

from pipeline.text.patterns.pattern import HAN, Pattern

SYMBOLS = (
    Pattern("symbol", r"⟦[^⟦⟧]{0,12}+⟧", finds=("写⟪⟦0⟧⟫和",)),
    Pattern("symbol", "[⟦⟧]", finds=("只有⟪⟦⟫",)),
    Pattern("symbol", "[\ue000-\uf8ff\U000f0000-\U0010ffff]++", finds=("图标⟪\ue001⟫好",)),
)

# Pictures and shapes, and what ™ ‼ 〰 and the like are drawn as.
_PICTURE = (
    "[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\u2300-\u23ff\u2190-\u21ff\u2500-\u25ff"
    "\u203b\u203c\u2049\u2122\u2139\u24c2\u3030\u303d\u3297\u3299\xa9\xae\u2117\u2120]"
)
_MODIFIER = "[\ufe0e\ufe0f\U0001f3fb-\U0001f3ff\u200d\u2640\u2642\U000e0020-\U000e007f]"

SIGNS = (
    Pattern(
        "emoji",
        f"(?:[\U0001f1e6-\U0001f1ff]{{2}}|[0-9#*]\ufe0f?\u20e3|(?:{_PICTURE}{_MODIFIER}*+)++)++",
        finds=(
            "开心⟪😂😂⟫，⟪👍🏽⟫，⟪👨‍👩‍👧⟫，⟪🇨🇳⟫，⟪1️⃣⟫",
            "⟪★★★★☆⟫好用，⟪★😀⟫，⟪▶️⟫",
            "请看⟪©⟫、⟪®⟫、⟪™⟫、⟪‼⟫、⟪⁉⟫、⟪ℹ️⟫、⟪Ⓜ⟫、⟪㊙⟫、⟪〰⟫",
            "北京⟪→⟫上海",
        ),
    ),
    Pattern(
        "sign",
        "[\u2460-\u24ff\u3220-\u3243\u3280-\u3289]++",
        finds=("⟪①⟫苹果；⟪②⟫香蕉；⟪㈢⟫橙子",),
    ),
    Pattern(
        "sign",
        "[\u2200-\u22ff\u2a00-\u2aff\u27c0-\u27ef\u20a0-\u20bf¢¤\u2070-\u209f]++",
        finds=("集合⟪∖⟫好", "符号⟪€⟫"),
    ),
    Pattern(
        "sign",
        rf"[\u2ff0\u2ff1\u2ff4-\u2ffb][{HAN}]{{2}}|[\u2ff2\u2ff3][{HAN}]{{3}}",
        finds=("汉字⟪⿰木木⟫是林",),
    ),
    Pattern(
        "blank",
        r"_{2,}+|＿{2,}+|﹍{2,}+|[（(][ \u3000\xa0]++[）)]",
        finds=("姓名⟪______⟫，今年⟪__⟫岁", "正确的是⟪（　　）⟫。"),
        leaves=("一个_号",),
    ),
)
