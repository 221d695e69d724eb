"""Addresses of the web: URLs, domains, e-mail."""

from __future__ import annotations

from pipeline.text.patterns.pattern import HAN, MARKS, Pattern

# A bracket belongs to a URL where it is closed in it; a quote, where letters stand around it.
_CHARACTER = r"[!#-&*-;=?-Z^_a-z~]|'(?=\w)"
_BRACKETS = rf"\((?:{_CHARACTER})*+\)|\[(?:{_CHARACTER})*+\]|\{{(?:{_CHARACTER})*+\}}"
_LAST = r"(?<=[\w/#=&~+%)\]}-])"
# Chinese goes on with a URL after "=" or between its own marks ("/路径/", "/图.png"), and at the
# end of a path unless it is a word that goes on with the sentence.
_SENTENCE_GOES_ON = (
    "了解|查看|获取|下载|点击|进行|可以|即可|访问|注册|申请|登录|登陆|以及|并且|或者|就能|就可|进入|看看|的|是|吧|呢"
    rf"|[中上里后前来和或](?![{HAN}])"
)
_CHINESE = (
    rf"(?<==)[{HAN}]++"
    rf"|(?<=[/_%\w-])[{HAN}]++(?=[/?#&=%_]|\.[A-Za-z0-9]|-\w)"
    rf"|(?<=[/_])(?!{_SENTENCE_GOES_ON})[{HAN}]{{1,20}}+(?=[{MARKS}\s\u3000)\]<>\"']|$)"
)
_REST = rf"(?:{_CHARACTER}|{_BRACKETS}|{_CHINESE})"
_END = rf"(?:{_LAST}|(?<=[{HAN}]))"
_CHINESE_ZONES = (
    "中国|中國|公司|网络|網絡|香港|台湾|台灣|新加坡|政务|公益|网址|商城|网店|商标|在线|集团|广告"
)
_ZONES = (
    "com|cn|org|net|edu|gov|mil|int|info|biz|io|ai|app|dev|co|cc|me|tv|top|xyz|vip|site|shop"
    "|online|tech|cloud|wiki"
    "|uk|us|jp|kr|de|fr|ru|it|es|nl|eu|ca|au|in|br|hk|tw|mo|sg|my|th|vn"
)
_LABEL = rf"[\w{HAN}](?:[\w{HAN}-]{{0,62}})?"
# Letters of the local part of an address, which Chinese words before it are no part of.
_LOCAL = rf"(?:(?![到给至向往为是请看见找问发送写邮箱址寄由从信]|用(?!户))[{HAN}])"
_CHINESE_HOST = rf"(?:{_LABEL}\.){{1,4}}?(?:{_CHINESE_ZONES}|(?:{_ZONES})(?!\w))"

WEB = (
    Pattern(
        "url",
        r"(?<![^\s\u3000])(?:https?|ftp)://[^\s\u3000，。；：！？、（）《》“”<>\"]{1,500}+(?![^\s\u3000])",
        finds=("⟪https://example.com/中文路径的⟫", "见 ⟪http://例子.cn/a⟫ 和"),
    ),
    Pattern(
        "url",
        rf"(?<![A-Za-z0-9])[A-Za-z][A-Za-z0-9+.-]{{1,30}}+://{_CHINESE_HOST}(?::\d{{1,5}}+)?+(?:[/?#]{_REST}*{_END})?",
        finds=(
            "见⟪https://例子.中国/路径⟫。",
            "请打开⟪http://中文.com⟫吧",
            "它在⟪https://例子.中国⟫是网站",
            "到⟪http://新闻.公司/a/b?x=1⟫看看",
            "见⟪https://a.cn/中文/路径/a.html⟫。",
        ),
    ),
    Pattern(
        "url",
        rf"(?<![A-Za-z0-9])(?:[A-Za-z][A-Za-z0-9+.-]{{1,30}}+://|www\.(?=\w)|mailto:(?=\w)){_REST}*{_END}",
        finds=(
            "请访问⟪https://example.com/a?b=1&c=2⟫了解",
            "（⟪www.example.com⟫）",
            "见⟪https://en.wikipedia.org/wiki/A_(b)⟫。",
            "(见⟪https://a.cn/b⟫)",
            "[见⟪https://a.cn/b⟫]",
            "链接：⟪https://example.com/?q=中文&lang=zh⟫，请点击。",
            "扫码⟪weixin://dl/business/?t=abc⟫打开",
            "⟪HTTPS://EXAMPLE.COM/A⟫和⟪Http://a.cn⟫",
            "调用⟪http://127.0.0.1:8000/api?x={id}⟫。",
            "见⟪https://zh.wikipedia.org/wiki/中国⟫。",
            "“⟪https://a.cn/b⟫”和⟪ftp://a.cn/b.zip⟫、⟪mailto:a@b.cn⟫",
            "请打开⟪https://a.cn/⟫了解更多。",
            '值为⟪"https://a.cn/b"⟫,"c"。',
            "⟪http://t.example/RUy3HJN⟫《梦》",
        ),
        leaves=("https是协议", "比例：//", "他说://"),
    ),
    Pattern(
        "url",
        r"(?<![A-Za-z0-9])(?:magnet:\?[!-~]*[\w=]|data:[a-z]+/[\w.+-]+(?:;[\w=-]+)*,[\w+/=%.-]*[\w=]"
        r"|(?:tel|sms|callto|fax):\+?[\d()-]*\d|(?:urn|doi|isbn|about|javascript|geo|bitcoin):[\w][\w:./,()-]*\w)",
        finds=(
            "用⟪magnet:?xt=urn:btih:abc⟫下载",
            "图片是⟪data:image/png;base64,iVBORw0KGgo=⟫。",
            "拨打⟪tel:+8613800138000⟫，",
            "见⟪doi:10.1000/182⟫。",
            "打开⟪about:blank⟫页",
        ),
        leaves=("data:数据", "tel：电话"),
    ),
    Pattern(
        "email",
        r"(?<!\w)[\w.+-]{1,64}+@[\w-]++(?:\.[\w-]++)++",
        finds=("写信给⟪a.b+c@example.co.uk⟫。", "邮箱⟪x@y.cn⟫"),
        leaves=("a@b", "@"),
    ),
    Pattern(
        "email",
        rf"(?<!\w)[\w.+-]{{1,64}}+@{_CHINESE_HOST}",
        finds=("写信给⟪li.si@例子.中国⟫吧", "⟪a@邮箱.com⟫"),
    ),
    Pattern(
        "email",
        rf"(?<!{_LOCAL}){_LOCAL}{{1,6}}+@(?:[\w-]++(?:\.[\w-]++)++|{_CHINESE_HOST})",
        finds=("发邮件到⟪张三@例子.中国⟫。", "邮箱：⟪王五@example.com⟫", "使用⟪用户@例子.中国⟫吧"),
        leaves=("请@张三",),
        chinese=True,
    ),
    Pattern(
        "url",
        rf"(?<![\w./@-])(?:[A-Za-z0-9][\w-]{{0,62}}+\.){{1,4}}(?:{_ZONES})(?![\w-])(?::\d{{1,5}}+)?+(?:/{_REST}*{_END})?",
        finds=("打开⟪example.com/a/b?c=d⟫看", "在⟪docs.example.org:8080/⟫上", "⟪baidu.com⟫很好"),
        leaves=("U.S.的", "约3.5倍"),
    ),
)
