"""What programs fill in: template variables, format specifiers, keys of messages."""

from __future__ import annotations

from pipeline.text.patterns.pattern import HAN, Pattern

_FLAGS = r"[-+#0']{0,5}+(?:\d{1,5}+|\*(?:\d\$)?)?+(?:\.(?:\d{1,5}+|\*)?+)?+"
_LENGTH = r"(?:hh?|ll?|[Lqjzt])?+"
_DATE = "[YmHMSyBbAaIjpZz]"  # strftime

PLACEHOLDERS = (
    Pattern(
        "placeholder",
        r"\{\{\{?[^{}]{1,200}+\}?\}\}",
        finds=("你好⟪{{person.name}}⟫", "⟪{{ 用户.名 }}⟫的⟪{{{html}}}⟫", "用⟪{{a。b}}⟫。"),
    ),
    Pattern("placeholder", r"\{%[^{}]{1,200}+\}", finds=("⟪{% if a %}⟫好⟪{% endif %}⟫",)),
    Pattern(
        "placeholder",
        r"[$#%@]\{[^{}]{1,200}+\}",
        finds=("⟪${HOME}⟫和⟪%{数量}⟫和⟪#{name}⟫",),
    ),
    Pattern(
        "placeholder",
        r"\{\s?\w{1,40}+\s?,\s?(?:number|date|time|spellout|ordinal|duration|list)\b[^{}]{0,80}+\}",
        finds=("共⟪{n, number}⟫个，⟪{when, date, short}⟫到期",),
    ),
    Pattern("tag", r"\{\\[^{}]{1,200}+\}", finds=(r"他⟪{\i1}⟫真的⟪{\i0}⟫走了",)),
    Pattern(
        "placeholder",
        r"\{[\w.:\[\]!,+<>^#%-]{0,80}+\}",
        finds=("你好⟪{name}⟫，⟪{0:.2f}⟫元，⟪{}⟫个", "第⟪{items[0]}⟫项"),
    ),
    Pattern(
        "placeholder",
        rf"\{{[\w{HAN}.:# -]{{1,40}}+\}}",
        finds=("⟪{用户名}⟫您好", "⟪{user name}⟫您好", "欢迎使用⟪{产品名称}⟫！"),
        leaves=("{苹果，香蕉}", "{他走了。}"),
    ),
    Pattern(
        "placeholder",
        r"\[\[[\w.:|-]{1,80}+\]\]",
        finds=("见⟪[[Main_Page]]⟫",),
    ),
    Pattern("placeholder", r"\[\^?\d{1,3}\]", finds=("见文献⟪[12]⟫和脚注⟪[^1]⟫",)),
    Pattern(
        "placeholder",
        rf"(?<![\d%])%(?:\([^()]{{1,40}}+\)|<[^<>]{{1,40}}+>|(?:\d{{1,3}}|n)\$)?+{_FLAGS}(?:{_LENGTH}[diouxXeEfFgGaAcCsSpn]|@)(?![A-Za-z])",
        finds=(
            "共⟪%d⟫个，⟪%(size)s⟫，⟪%1$s⟫",
            "请看⟪%*d⟫的⟪%zu⟫和⟪%hd⟫、⟪%p⟫、⟪%S⟫、⟪%-10s⟫、⟪%.2f⟫",
            "⟪%@⟫说，⟪%2$@⟫，⟪%lld⟫",
            "共有⟪%(数量)d⟫个，⟪%(用户 名)s⟫，⟪%<总数>.2f⟫",
        ),
        leaves=("增长5%d", "50%的人", "100%放心", "增5%(同比)d", "%(占比)的"),
    ),
    Pattern(
        "placeholder",
        rf"(?<![\d%])%{_DATE}(?:[-/:. ]%{_DATE})*+(?![A-Za-z])",
        finds=("⟪%Y-%m-%d %H:%M:%S⟫更新", "⟪%Y⟫年⟪%m⟫月"),
    ),
    Pattern("placeholder", "%%", finds=("请看⟪%s%%⟫的说明", "进度50⟪%%⟫")),
    Pattern(
        "placeholder",
        r"(?<!\d)%[A-Za-z_]\w{0,64}+%",
        finds=("目录⟪%APPDATA%⟫和⟪%user%⟫",),
    ),
    Pattern(
        "placeholder",
        r"(?<![\w$])\$(?:[A-Za-z_]{0,16}\([\w.:/-]{1,80}+\)|[A-Za-z_]\w*+)",
        finds=("请看⟪$t(key)⟫和⟪$PATH⟫", "用⟪$(whoami)⟫"),
        leaves=("$和$",),
    ),
    Pattern(
        "placeholder",
        r"(?<![\w@.])@(?:\.\w{1,16}+)?:(?:[\w.-]*\w|\([\w.:-]{1,80}+\))",
        finds=("请看⟪@:message.key⟫和⟪@.lower:(key)⟫。",),
        leaves=("他@：好",),
    ),
    Pattern(
        "placeholder",
        r"(?<!#)#{2,8}+\w{1,64}+#{2,8}+|(?<!_)__[A-Z][A-Z0-9]*+(?:_[A-Z0-9]++)*+__",
        finds=("⟪###T01###⟫是什么", "⟪__NAME__⟫您好"),
    ),
    Pattern(
        "placeholder",
        rf"(?<![^\s\u3000]):[a-z_]\w*+(?=[\s{HAN}])",
        finds=("共 ⟪:count⟫ 个",),
        leaves=("例如:abc", "时间 3:30"),
    ),
    Pattern(
        "placeholder",
        r"(?<![\w@.])@[A-Za-z_][\w-]*+",
        finds=("感谢⟪@some-one⟫的帮助",),
        leaves=("@全体成员",),
    ),
    Pattern(
        "placeholder",
        r"(?<![\w&#])#(?:[0-9A-Fa-f]{8}|[0-9A-Fa-f]{6}|[0-9A-Fa-f]{3,4}|\d{1,7}+)(?!\w)",
        finds=("颜色⟪#FF00AA⟫和⟪#fff⟫，问题⟪#123⟫",),
        leaves=("#话题#", "C#语言"),
    ),
    Pattern(
        "placeholder",
        r"\\u[0-9A-Fa-f]{4}|\\x[0-9A-Fa-f]{2}|\\[rt0\"'\\*_#|~`$<>\[\]()](?![A-Za-z])",
        finds=(r"你好⟪\t⟫世界⟪\"⟫", r"字符⟪\u4e2d⟫", r"星号⟪\*⟫"),
    ),
)
