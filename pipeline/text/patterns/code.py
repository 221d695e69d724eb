"""Code, paths and the names of things in programs."""

from __future__ import annotations

from pipeline.text.patterns.pattern import HAN, MARKS, Pattern

_FOLDER = rf"[\w.@+{HAN} ()-]{{1,80}}"
# The last component of a Chinese path ends before what goes on with the sentence ("…\文档下").
_LAST_FOLDER = (
    rf"(?![中下里内](?![国文央心间部容网测载]))[{HAN}]{{1,20}}?"
    rf"(?=[下中里内]?(?:[{MARKS}\s\"')\]>]|$))"
)
_ASCII_NAME = r"[\w.+@-]{0,80}[\w+@-]"
_EXTENSION = r"\.(?:[a-z][a-z0-9]{0,4}|[A-Z][A-Z0-9]{0,4})(?![\w])"

CODE = (
    Pattern(
        "code",
        r"```(?!`)[^\n]{1,400}?```(?!`)",
        finds=("运行⟪```a `b` c```⟫吧",),
    ),
    Pattern(
        "code",
        r"(?<!`)``(?!`)(?:[^`]|`(?!`)){1,400}+``(?!`)",
        finds=("请看⟪``a`b``⟫的说明。", "⟪`` `你好` ``⟫"),
        leaves=("``引用''",),
    ),
    Pattern(
        "code",
        r"(?<!`)`[^`]{1,400}+`(?!`)",
        finds=('运行⟪`git commit -m "x"`⟫。', "用⟪`你好。再见`⟫吧"),
        leaves=("一个`号",),
    ),
    Pattern(
        "code",
        r"(?<!\$)\$\$[^$]{1,400}+\$\$(?!\$)"
        r"|(?<![\w$\\])\$(?![\s\d$])(?=[^$]{0,200}[\\^_{=+])[!-#%-~ ]{1,200}+(?<! )\$(?![\w$])"
        r"|\\\([!-~ ]{1,400}?\\\)|\\\[[!-~ ]{1,400}?\\\]",
        finds=(
            "公式⟪$$x^2$$⟫成立",
            r"设⟪$\alpha_1 + \beta$⟫为",
            r"由⟪\(x^2\)⟫得⟪\[ y=1 \]⟫",
            "式⟪$E=mc^2$⟫中",
        ),
        leaves=("花5$和6$",),
    ),
    Pattern(
        "code",
        r"(?<![\w.])[A-Za-z_]\w{0,64}+(?:\.\w{1,64}+){0,8}+\(\)",
        finds=("调用⟪foo.bar()⟫和⟪main()⟫",),
        leaves=("函数()",),
    ),
    Pattern(
        "code",
        r"(?<![\w.])(?=\w{0,64}[_.][A-Za-z])[A-Za-z_]\w{0,64}+(?:\.\w{1,64}+){0,8}+"
        r"\((?:[!-'*-~ ]|\([!-'*-~ ]{0,80}+\)){1,200}+\)",
        finds=("用⟪np.array([1, 2])⟫和⟪np.zeros((2,3))⟫创建", "调用⟪set_name('a')⟫即可"),
        leaves=("苹果公司(Apple)", "NASA(1958)"),
    ),
)

PATHS = (
    Pattern(
        "path",
        rf"(?<!\w)[A-Za-z]:\\{{1,2}}(?:{_FOLDER}\\{{1,2}})*"
        rf"(?:[\w{HAN}()-]{{1,60}}{_EXTENSION}|{_ASCII_NAME}(?: {_ASCII_NAME})*|{_LAST_FOLDER})?",
        finds=(
            "打开⟪C:\\Users\\a\\b.txt⟫吧",
            "请看⟪C:\\用户\\a.txt⟫的说明。",
            "打开⟪D:\\我的文件\\a.txt⟫。",
            "在⟪C:\\用户\\文档⟫中",
            "删除⟪E:\\资料\\报告.docx⟫即可",
            "装在⟪C:\\Program Files\\App⟫。",
            "打开⟪C:\\⟫",
            "在⟪E:\\资料\\⟫中查找",
        ),
        leaves=("比例A:B", "选C:对"),
    ),
    Pattern(
        "path",
        rf"\\\\[\w.-]++\\[\w.\\${HAN}-]*[\w\\$]",
        finds=(r"访问⟪\\server\share\a.txt⟫吧", r"见⟪\\10.0.0.1\共享\a$⟫。"),
    ),
    Pattern(
        "path",
        rf"(?:(?<![\w/.~])(?:(?:~|\.{{1,2}})/|/(?=[\w.@+-]))|(?<![\w/.~{HAN}])/)"
        rf"(?:[\w.@+{HAN}-]{{1,80}}+/)*+[\w@+{HAN}-]{{1,80}}{_EXTENSION}",
        finds=(
            "打开⟪/home/张三/文件.txt⟫。",
            "见⟪./数据/表.csv⟫吧",
            "“⟪/数据/表.csv⟫”",
            "编辑⟪/etc/nginx/站点.conf⟫吧",
        ),
        leaves=("男/女/其他", "国家/地区"),
    ),
    Pattern(
        "path",
        rf"(?<![\w/.~])(?:~|\.{{1,2}})?+(?:/[\w.@+-]*[\w@+-]){{2,}}+(?:/(?:[{HAN}]{{1,20}}+/)*+{_LAST_FOLDER})?/?",
        finds=("在⟪/usr/local/bin⟫下", "进入⟪/home/a/下载⟫。", "看⟪~/a/b⟫"),
        leaves=("他/她", "和/或"),
    ),
    Pattern(
        "path",
        r"(?<![\w/.])(?:~|\.{1,2})/[\w.@+-]*[\w@+-]/?",
        finds=("在⟪./build⟫里", "看⟪~/.bashrc⟫"),
    ),
    Pattern(
        "path",
        r"(?<![\w./-])(?:[\w-]{1,64}+/){1,16}+[\w-]{1,64}+\.[A-Za-z]\w{0,5}+(?!\w)",
        finds=("改⟪src/main.rs⟫和⟪a/b/c.tar⟫",),
        leaves=("3/4的人", "A/B测试"),
    ),
    Pattern(
        "path",
        r"(?<![\w./-])[\w-]{2,64}+(?:\.[\w-]{1,64}+){0,8}?\.(?:[a-z][a-z0-9]{1,4}|[A-Z][A-Z0-9]{1,4})(?![\w.])",
        finds=("改⟪config.yaml⟫", "请看⟪IMG_001.JPG⟫的说明", "用⟪Node.js⟫吧", "⟪a-b.tar.gz⟫文件"),
        leaves=("e.g.苹果", "约3.5倍", "etc.都可以"),
    ),
)

NAMES = (
    Pattern(
        "name",
        r"(?<!\w)_{0,4}[A-Za-z][A-Za-z0-9]*+(?:_[A-Za-z0-9]++)++(?!\w)",
        finds=("用⟪my_var⟫和⟪MAX_SIZE⟫",),
    ),
    Pattern(
        "name",
        r"(?<!\w)[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}(?!\w)",
        finds=("编号⟪123e4567-e89b-12d3-a456-426614174000⟫。",),
    ),
    Pattern(
        "name",
        r"(?<!\w)(?=\w{0,63}[0-9])(?=\w{0,63}[a-f])[0-9a-f]{7,64}+(?!\w)",
        finds=("提交⟪1a2b3c4⟫了",),
        leaves=("deadbeef",),
    ),
    Pattern(
        "name",
        r"(?<![\w-])--?[A-Za-z][\w-]*+(?:=[\w./:-]*\w)?",
        finds=("加⟪--verbose⟫或⟪-v⟫选项", "用⟪--out=a.txt⟫"),
        leaves=("A-B", "——他"),
    ),
    Pattern(
        "name",
        r"(?<!\w)(?=\w{3})[a-z]{1,40}+(?:[A-Z][a-z0-9]{0,40}+){1,8}+(?!\w)",
        finds=("使用⟪camelCase⟫命名", "用⟪getUserName⟫"),
        leaves=("Apple的", "NBA球员", "pH值"),
    ),
)
