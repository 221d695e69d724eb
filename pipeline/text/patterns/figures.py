"""Figures that models spell badly: amounts of money, quantities with units, formulae, identifiers.

Plain numbers are left to the model, which inflects what stands beside them.
"""

from __future__ import annotations

from pipeline.text.patterns.pattern import Pattern

NUMBER = r"(?>\d+(?:,\d{3}(?!\d))*+(?:\.\d+)?+)"
# Not at a later group of a number, which was tried from its beginning.
_NOT_WITHIN = r"(?!(?<=\d,)\d{3}(?!\d))"
_SCALE = "[万亿萬億千百十兆]"
# "￥1,299万", "￥3-5万" and "￥20多万" are one amount, of which no half may be taken away.
_NOT_SCALED = rf"(?![\d.,]*+ ?(?:[-~～—–至到]+ ?[¥￥$]?[\d.,]++ ?)?[多余几来]?{_SCALE})"

_EXPONENT = r"(?:[⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,3}|\^-?\d|[23])?+"
_PREFIXED = (
    "(?:da|[kKMGTPEcdmnpfµμh])?(?:mol|Hz|Pa|Wh|VA|Ah|bps|eV|cal|bar|Sv|Gy|Bq|rad|lm|lx|m|g|s|L|l|W|V|A|J|N|Ω|\u2126)"
    "|[kKMGTPE]i?[Bb]|[mµμ]S|[µμnpm]F|[mµμn]H|[kM]?t"
)
_OTHER = (
    "mmHg|min|h|rpm|r|ppm|ppb|ppt|psi|dpi|ppi|fps|px|pt|em|rem|dBm|dB|[kKMGT]?bit|byte|Byte"
    "|oz|lbs?|ft|yd|mph|kn|ha|kgf|IU|CFU|K|T|pH"
)
_UNIT = rf"(?:(?:{_PREFIXED}|{_OTHER}){_EXPONENT})"
_FACTORS = (
    rf"(?:[/·⋅∙*]{_UNIT}|/\({_UNIT}(?:[·⋅*](?:{_UNIT}|℃|°C)){{0,2}}\)|/[UL](?![A-Za-z])){{0,3}}"
)
UNIT = rf"(?:(?:{_UNIT}|U){_FACTORS}|°[CF]|[℃℉㎡㎏㎞㎝㎜㎎㎥㏄])(?![A-Za-z0-9])"

# Signs that the tokenizers of models do not know, or fold into others ("10⁸" into "108").
_HARD = (
    "±∓≤≥≦≧≈≒≠≡≌∽∞√∛∑∏∫∮∂∇∈∉⊂⊃⊆⊇∪∩∅∀∃∝∠⊥∥∴∵⊕⊗¬∧∨°‰‱′″‴−÷×Ωµ\u2126"
    "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱ₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞"
)
_TERM = r"(?<![\wα-ωΑ-Ψ%℃℉㎡.,])(?:[\wα-ωΑ-Ψ%℃℉㎡]|[.,](?=\w))++"
_CHAIN = rf"{_TERM}(?: ?[=+*/<>^:~·⋅-]{{1,2}} ?{_TERM}){{0,6}}+"
_REST = rf"(?: ?[=+*/<>^:~·⋅-]{{0,2}} ?{_CHAIN})"
_ARROW = "[→←↔⇒⇐⇔➜➔]"

_PLACES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"

FIGURES = (
    Pattern(  # a date with its time, as ISO 8601 and RFC 3339 write it
        "figure",
        r"(?<![\w.-])\d{4}-\d\d-\d\d(?:[Tt]\d\d:\d\d(?::\d\d)?+| \d\d:\d\d:\d\d)"
        r"(?:[.,]\d{1,9}+)?+(?:[Zz]|[+−-]\d\d(?::?\d\d)?+)?+(?![\w:])",
        finds=(
            "从⟪2024-01-02T03:04:05+08:00⟫到⟪2024-01-02T03:04:05.123Z⟫之间",
            "⟪2024-01-02T03:04Z⟫发布，⟪2024-01-02 03:04:05⟫更新，⟪2024-01-02t03:04:05,5-0330⟫",
        ),
    ),
    Pattern(
        "figure",
        rf"(?<![\w.])(?:[¥￥$€£₩₹₽฿]|[A-Z]{{2}}[$¥]) ?{NUMBER}{_NOT_SCALED}",
        finds=("￥好，⟪￥1,299.00⟫元", "⟪US$5⟫和⟪€3.5⟫"),
        leaves=(
            "售价￥1,299万元",
            "￥12.55万",
            "$1,000,000万",
            "￥3-5万元",
            "￥20多万",
            "￥3百",
            "$3~5亿",
        ),
    ),
    Pattern(
        "figure",
        rf"(?<![\w.]){_NOT_WITHIN}(?:[+±−-] ?)?{NUMBER}(?:[-~～–—]{NUMBER})? ?{UNIT}",
        finds=(
            "重⟪3.5kg⟫，⟪25℃⟫，⟪5 km/h⟫",
            "血糖⟪5.6mmol/L⟫，⟪10 mol/L⟫，⟪5mg/dL⟫",
            "功率⟪5.5kW·h⟫，⟪3000r/min⟫，⟪5kΩ⟫",
            "体积⟪3cm³⟫，⟪9.8m/s²⟫，⟪50m²⟫，⟪1.2g/cm³⟫",
            "⟪20-30℃⟫，⟪5~10kg⟫，⟪−5℃⟫",
            "导热⟪0.5W/(m·K)⟫，⟪4.2kJ/(kg·℃)⟫，⟪120mmHg⟫，⟪16GiB⟫",
            "共⟪3,500kg⟫，各1,⟪5kg⟫",
        ),
        leaves=("3D打印", "5G网络", "3个", "100元", "2B铅笔盒", "50%的人"),
    ),
    Pattern(
        "figure",
        rf"(?<![\w.)）\]%年月日号点时天周章节页])[-−－+]{NUMBER} ?(?:[%％‰°](?!\w)|(?=度))",
        finds=("增长⟪-3.5%⟫，为⟪−2%⟫", "气温⟪-5⟫度", "涨⟪+1.5%⟫"),
        leaves=("2020年-2021年", "第1-5章", "3-5%"),
    ),
    Pattern(
        "figure",
        rf"(?:{_CHAIN} ?)?+(?:[{_HARD}]++{_REST}?+ ?(?=[{_HARD}]))*+[{_HARD}]++{_REST}?+",
        finds=(
            "误差⟪±5%⟫，电压⟪220V±10%⟫",
            "请看⟪≤0.5⟫的，圆周率⟪≈3.14⟫，⟪x ≥ 0⟫时",
            "经度⟪116°23′E⟫，含盐⟪3.5‰⟫",
            "光速⟪3×10⁸m/s⟫，浓度⟪10⁻⁶mol/L⟫",
            "排放⟪CO₂⟫，⟪E=mc²⟫，⟪√2⟫，⟪1½⟫",
            "有⟪3×5=15⟫，⟪10×20×30cm⟫",
            "3万⟪m²⟫的，单位⟪m·s⁻¹⟫",
        ),
        leaves=("1+1=2", "a=b", "3:30", "A/B"),
    ),
    Pattern(
        "figure",
        rf"{_TERM}(?: ?{_ARROW} ?{_TERM})++",
        finds=("从⟪A→B⟫，⟪x → y → z⟫",),
        leaves=(),
    ),
    Pattern(
        "figure",
        r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5}|/\d{1,2})?(?![\w.])",
        finds=("在⟪192.168.0.1⟫和⟪10.0.0.1:80⟫",),
    ),
    Pattern(
        "figure",
        r"(?<![\w.])[vV]\d++(?:\.\d++)++[\w.-]*+(?<![.-])|(?<![\w.,])\d{1,4}(?:\.\d{1,4}){2,8}+"
        r"(?:-[A-Za-z][\w.]{0,30}(?<=\w))?(?![\w.]|,\d)",
        finds=("版本⟪v2.3.1⟫和⟪V1.0-beta⟫", "见⟪3.2.1⟫节，⟪1.2.3-beta.1⟫版"),
        leaves=("约3.5倍",),
    ),
    # Telephones, bank cards, books, plates, orders: what has groups of digits.
    Pattern(
        "figure",
        r"(?<![\w.+-])\+\d{1,3}(?:[- ]?\(?\d{1,5}\)?){1,6}+(?![\w-])",
        finds=("手机⟪+86 138 0013 8000⟫。", "⟪+1 (415) 555-2671⟫和⟪+8613800138000⟫"),
        leaves=("a+1",),
    ),
    Pattern(
        "figure",
        r"(?<![\w.-])(?:0\d{2,3}[- ]\d{3,4} ?\d{4}|[(（]0\d{2,3}[)）] ?\d{7,8}"
        r"|1[3-9]\d[- ]\d{4}[- ]\d{4}|[48]00[- ]\d{3,4}[- ]\d{3,4})(?:[-转]\d{1,6})?(?![\w-])",
        finds=(
            "电话⟪010-12345678⟫，⟪0755-1234 5678⟫",
            "手机⟪138-0013-8000⟫或⟪138 0013 8000⟫",
            "客服⟪400-820-8820⟫，⟪（010）12345678⟫",
        ),
        leaves=("2019-2020赛季",),
    ),
    Pattern(
        "figure",
        r"(?<![\w.-])(?:ISBN(?:-1[03])?[:： ]{0,2}(?:\d{1,7}[- ]){3,4}[\dX]"
        r"|ISSN[:： ]{0,2}\d{4}-\d{3}[\dX]|97[89](?:[- ]\d{1,7}){3}[- ]\d"
        r"|\d(?:-\d{1,7}){2}-[\dX])(?![\w-])",
        finds=(
            "⟪ISBN 978-7-111-40701-0⟫是，⟪ISBN：7-5000-1234-X⟫",
            "⟪7-111-40701-X⟫和⟪978 7 111 40701 0⟫",
            "⟪ISSN 1234-567X⟫的",
        ),
    ),
    Pattern(
        "figure",
        r"(?<![\w.-])\d{3,6}(?: \d{3,6}){2,4}(?: \d{1,4})?(?![\w.-])",
        finds=("卡号⟪6222 0202 0000 1234 567⟫。",),
        leaves=("共100 200元",),
    ),
    Pattern(
        "figure",
        r"(?<![\w.-])(?:\d{17}[\dXx]|(?=\d{1,30}[A-Z])\d[\dA-Z]{9,30}+|\d+(?:-\d+){2,8}+)(?![\w-]|\.\d)",
        finds=(
            "身份证⟪11010519491231002X⟫，证号⟪91110108MA01ABCDEF⟫。",
            "日期⟪2024-01-02⟫，订单⟪123-4567890-12⟫",
        ),
        leaves=("3-5天", "2020-2021年"),
    ),
    Pattern(
        "figure",
        r"(?<![\w-])(?=[A-Z0-9-]{0,24}?\d{2}[A-Z0-9-]{0,24}?\d{2})[A-Z]{1,8}-?\d[\dA-Z]*+(?:-[\dA-Z]++)*+(?!\w)"
        r"|(?<![\w-])[A-Z0-9]{3,8}(?:-[A-Z0-9]{3,8}){2,8}(?![\w-])"
        r"|(?<![A-Z])(?:GB|ISO|IEC|DB|JB|HG|YY|SJ|DL|QB|IEEE|RFC)(?:/[TZ])? ?\d+(?:[.:-]\d+){0,4}+",
        finds=(
            "单号⟪SF1234567890⟫，⟪INV-2024-001⟫",
            "密钥⟪AB12C-D3E4F-G5H6I⟫",
            "标准⟪GB/T 7714-2015⟫和⟪ISO 9001:2015⟫",
        ),
        leaves=("GPT-4和H1N1", "COVID-19", "A380客机"),
    ),
    Pattern(
        "figure",
        rf"[{_PLACES}][A-HJ-NP-Z][·•. ]?[A-HJ-NP-Z0-9]{{5,6}}(?![A-Za-z0-9])",
        finds=("车牌⟪京A·12345⟫，⟪粤B12345D⟫。",),
        leaves=("新ABC", "在川A地"),
        chinese=True,
    ),
    Pattern(
        "figure",
        r"(?<![\w.,])\d{6,}+(?![\w.,]*\d|[万亿萬億])",
        finds=("电话⟪13812345678⟫",),
        leaves=("12345678万", "1234567.89"),
    ),
)
