"""Documents to translate, made by the libraries that people make them with, or by hand."""

from __future__ import annotations

import re
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import docx
import openpyxl
import pptx
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import qn
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.chart import BarChart, Reference
from openpyxl.comments import Comment
from openpyxl.worksheet.table import Table
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches

HAN = re.compile("[\u3007\u3400-\u9fff]+")
_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def pseudo(text: str) -> str:
    """What a translation could be: other words in the same places."""
    return HAN.sub("word", text)


def zipped(parts: dict[str, str | bytes]) -> bytes:
    """An archive of these parts; `mimetype` stands first and is not packed, as ODF and EPUB ask."""
    target = BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            method = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
            archive.writestr(name, content, method)
    return target.getvalue()


def unzipped(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def with_part(content: bytes, name: str, part: str | bytes) -> bytes:
    """The archive with another part, or another content of it."""
    return zipped({**unzipped(content), name: part})


def saved(document: Any) -> bytes:
    target = BytesIO()
    document.save(target)
    return target.getvalue()


def word() -> bytes:
    """Runs of several styles, a link, a field, a list, a table, a text box, header, footer."""
    document = docx.Document()
    document.core_properties.title = "季度报告"
    document.add_heading("第三季度销售报告", 1)
    paragraph = document.add_paragraph("请")
    for text in ("立即", "保存"):  # as Word splits runs
        paragraph.add_run(text).bold = True
    paragraph.add_run("文件，然后")
    paragraph.add_run("重新启动").italic = True
    paragraph.add_run("服务。\n下一行。")
    _add_link_and_page_number(document)
    document.add_paragraph("第一项", style="List Bullet")
    table = document.add_table(2, 2)
    for number, text in enumerate(["产品", "价格", "苹果", "3.50"]):
        table.cell(number // 2, number % 2).text = text
    document.add_paragraph("图：").add_run()._r.append(text_box("文本框里的字"))
    document.sections[0].header.paragraphs[0].text = "内部文件"
    document.sections[0].footer.paragraphs[0].text = "版权所有"
    return saved(document)


def _add_link_and_page_number(document: Any) -> None:
    paragraph = document.add_paragraph("详情请访问")
    target = document.part.relate_to("https://example.com", f"{_R}/hyperlink", is_external=True)
    link = (
        f'<w:hyperlink xmlns:w="{_W}" xmlns:r="{_R}" r:id="{target}">'
        "<w:r><w:t>网站</w:t></w:r></w:hyperlink>"
    )
    paragraph._p.append(parse_xml(link))
    paragraph.add_run("，第")
    for kind in ("begin", "separate", "end"):
        mark = OxmlElement("w:fldChar")
        mark.set(qn("w:fldCharType"), kind)
        paragraph.add_run()._r.append(mark)
        if kind == "begin":
            code = OxmlElement("w:instrText")
            code.text = " PAGE "
            paragraph.add_run()._r.append(code)
        elif kind == "separate":
            paragraph.add_run("3")
    paragraph.add_run("页")


def text_box(text: str) -> Any:
    return parse_xml(
        f'<w:pict xmlns:w="{_W}" xmlns:v="urn:schemas-microsoft-com:vml"><v:shape id="box" '
        'style="width:200pt;height:40pt"><v:textbox><w:txbxContent><w:p><w:r><w:t>'
        f"{text}</w:t></w:r></w:p></w:txbxContent></v:textbox></v:shape></w:pict>"
    )


def slides() -> bytes:
    """A title, runs of several styles, a table, a chart, notes."""
    presentation = pptx.Presentation()
    slide = presentation.slides.add_slide(presentation.slide_layouts[1])
    slide.shapes.title.text = "产品介绍"
    paragraph = slide.placeholders[1].text_frame.paragraphs[0]
    for text, bold in (("请点击", False), ("这里", True), ("查看文档。", False)):
        run = paragraph.add_run()
        run.text, run.font.bold = text, bold or None
    paragraph.add_line_break()
    paragraph.add_run().text = "第二行"
    table = slide.shapes.add_table(1, 2, Inches(1), Inches(4), Inches(4), Inches(1)).table
    table.cell(0, 0).text, table.cell(0, 1).text = "数量", "12"
    data = CategoryChartData()
    data.categories = ["一月", "二月"]
    data.add_series("销售额", (1.5, 2.5))
    place = (Inches(5), Inches(2), Inches(4), Inches(2))
    slide.shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, *place, data)
    slide.notes_slide.notes_text_frame.text = "演讲备注"
    return saved(presentation)


def workbook(*, formula: str = "=SUM(B2:B3)") -> bytes:
    """Texts, numbers, a formula, a cell of two styles, a comment, a table, a chart, a header."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "销售"
    for row in (["产品", "金额"], ["苹果", 12], ["香蕉", 3.5]):
        sheet.append(row)
    sheet["B4"] = formula
    sheet["A6"] = CellRichText("请", TextBlock(InlineFont(b=True), "保存"), "文件")
    sheet["A2"].comment = Comment("需要核对", "作者")
    sheet.add_table(Table(displayName="Sales", ref="A1:B3"))
    sheet.oddHeader.center.text = "内部资料 &P"
    chart = BarChart()
    chart.title = "销售图"
    chart.add_data(Reference(sheet, min_col=2, min_row=1, max_row=3), titles_from_data=True)
    sheet.add_chart(chart, "D2")
    return saved(book)


_ODF = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{urn}:1.0"'
    for name, urn in {
        "office": "office",
        "text": "text",
        "style": "style",
        "table": "table",
        "draw": "drawing",
        "presentation": "presentation",
        "fo": "xsl-fo-compatible",
        "svg": "svg-compatible",
        "manifest": "manifest",
    }.items()
)


def opendocument(kind: str, body: str) -> bytes:
    media_type = f"application/vnd.oasis.opendocument.{kind}"
    return zipped(
        {
            "mimetype": media_type,
            "content.xml": '<?xml version="1.0" encoding="UTF-8"?>'
            f'<office:document-content {_ODF} office:version="1.3"><office:automatic-styles>'
            '<style:style style:name="T1" style:family="text"><style:text-properties '
            'fo:font-weight="bold"/></style:style></office:automatic-styles>'
            f"<office:body>{body}</office:body></office:document-content>",
            "META-INF/manifest.xml": f'<manifest:manifest {_ODF} manifest:version="1.3">'
            f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{media_type}"/>'
            '<manifest:file-entry manifest:full-path="content.xml" '
            'manifest:media-type="text/xml"/></manifest:manifest>',
        }
    )


def odt() -> bytes:
    return opendocument(
        "text",
        "<office:text><text:h text:outline-level='1'>标题</text:h><text:p>请<text:span "
        "text:style-name='T1'>保存</text:span><text:span text:style-name='T1'>文件</text:span>。"
        "<text:note text:note-class='footnote' text:id='f1'><text:note-citation>1"
        "</text:note-citation><text:note-body><text:p>脚注内容</text:p></text:note-body>"
        "</text:note>两个<text:s text:c='3'/>空格<text:line-break/>下一行</text:p><table:table>"
        "<table:table-column/><table:table-row><table:table-cell><text:p>单元格</text:p>"
        "</table:table-cell></table:table-row></table:table></office:text>",
    )


def odp() -> bytes:
    return opendocument(
        "presentation",
        "<office:presentation><draw:page draw:name='p1'><draw:frame svg:width='10cm' "
        "svg:height='3cm' svg:x='1cm' svg:y='1cm'><draw:text-box><text:p>欢迎<text:span "
        "text:style-name='T1'>使用</text:span></text:p></draw:text-box></draw:frame>"
        "<presentation:notes><draw:frame><draw:text-box><text:p>备注</text:p></draw:text-box>"
        "</draw:frame></presentation:notes></draw:page></office:presentation>",
    )


PAGE = """<!DOCTYPE html>
<html lang="zh-CN">
<head><meta charset="utf-8"><title>首页 &amp; 帮助</title>
<meta name="description" content="产品说明"><script>var a = "你好<b>";</script></head>
<body class=main>
<p>
  请点击<a href="{{ url }}?a=1&b=2" title='帮助页面'>这里</a>，安装<code>npm 安装</code>。<br>第二行
  继续<img src="a.png" alt="图片">
</p>
<ul><li>一<li>二 &copy; <b>x</b></ul>
<pre>代码 <b>好</b></pre><p translate="no">不要</p>
<table><tr><td>单元<td>12</table>
<!-- 注释 -->
</body></html>
"""


CHAPTER = (
    '<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE html>\n'
    '<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="zh"><head><title>第一章</title></head>'
    "<body><h1>第一章</h1><p>他<em>昨天</em>走了。<br/>今天回来。</p></body></html>"
)


def epub() -> bytes:
    package = (
        '<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id">'
        '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:identifier id="id">x1'
        "</dc:identifier><dc:title>一本书</dc:title><dc:language>zh-CN</dc:language></metadata>"
        '<manifest><item id="c1" href="c1.xhtml" media-type="application/xhtml+xml"/><item id="n" '
        'href="toc.ncx" media-type="application/x-dtbncx+xml"/></manifest><spine toc="n">'
        '<itemref idref="c1"/></spine></package>'
    )
    contents = (
        '<!DOCTYPE ncx PUBLIC "-//NISO//DTD ncx 2005-1//EN" '
        '"http://www.daisy.org/z3986/2005/ncx-2005-1.dtd">'
        '<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/" version="2005-1"><navMap><navPoint '
        'id="a" playOrder="1"><navLabel><text>第一章</text></navLabel><content src="c1.xhtml"/>'
        "</navPoint></navMap></ncx>"
    )
    container = (
        '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0">'
        '<rootfiles><rootfile full-path="OEBPS/book.opf" '
        'media-type="application/oebps-package+xml"/></rootfiles></container>'
    )
    return zipped(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": container,
            "OEBPS/book.opf": package,
            "OEBPS/toc.ncx": contents,
            "OEBPS/c1.xhtml": CHAPTER,
        }
    )


def pdf() -> bytes:
    """Two pages of Chinese, made by LibreOffice."""
    return (Path(__file__).parents[2] / "data" / "documents" / "report.pdf").read_bytes()


MARKDOWN = """---
title: 标题
---
# 标题 `x` #

> - 段落 **重要** [链接 *斜*](http://a.b "t")和<kbd>键</kbd>
>   续行\\*星 <http://x.y>。![图](a.png)\x20\x20
>   硬换行[引用][r]结束

| a | 好\\|坏 |
|---|---|
| `c` | **四** |
| 五 | 五 |

```
代码
```
标题二
==
<div title="提示">
块 <b>粗</b>
</div>

[r]: http://x "标题"
"""

SUBRIP = """1
00:00:01,000 --> 00:00:02,000
<i>你好，世界。</i>

2
00:00:03,000 --> 00:00:04,000
- 你好。
- 再见。
"""
WEBVTT = """WEBVTT

NOTE 注释

00:01.000 --> 00:02.000 align:start
<v 小明>这句话还没有说完
到这里才结束。
"""
ALPHA = """[Script Info]
Title: 片名
[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Dialogue: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,{\\an8}你好，{\\i1}世界{\\i0}。\\N第二行
"""

CATALOGUE = """msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\\n"
"Language: \\n"

#: a.c:1
msgid "保存"
msgstr ""

msgid "打开"
msgstr "Open"

#, c-format
msgid "%d 个文件"
msgid_plural "%d 个文件"
msgstr[0] ""
msgstr[1] ""
"""
XLIFF_1 = """<?xml version="1.0" encoding="UTF-8"?>
<xliff version="1.2" xmlns="urn:oasis:names:tc:xliff:document:1.2">
<file original="a" source-language="zh" datatype="plaintext"><body>
<trans-unit id="1"><source>请<g id="1">保存</g>文件<x id="2"/>。</source></trans-unit>
<trans-unit id="2"><source>打开</source><target>Open</target></trans-unit>
<trans-unit id="3" translate="no"><source>不译</source></trans-unit>
</body></file></xliff>
"""
XLIFF_2 = """<?xml version="1.0" encoding="UTF-8"?>
<xliff version="2.0" xmlns="urn:oasis:names:tc:xliff:document:2.0" srcLang="zh">
<file id="f"><unit id="1"><segment><source>请<pc id="1">保存</pc>文件</source></segment></unit>
<unit id="2" translate="no"><segment><source>不译</source></segment></unit></file></xliff>
"""
JSON = '{"键": "值",\n  "a": ["\\u4f60\\u597d", 1.50, {"b": "x"}]}\n'
STRINGS = '/* 注释 "a" = "好"; */\n"k" = "你好 \\"x\\" %@\\n";\n'
RESX = """<?xml version="1.0" encoding="utf-8"?>
<root>
  <!-- 注释 -->
  <data name="Save" xml:space="preserve"><value>保存</value><comment>按钮</comment></data>
  <data name="Icon" type="System.Drawing.Icon"><value>图标</value></data>
</root>
"""

TEXT = "第一段。\n第一段的第二行。\n\n\n第二段。\n"


def samples() -> dict[str, bytes]:
    """A document of each kind, by a name for it."""
    texts = {
        "a.txt": TEXT,
        "a.md": MARKDOWN,
        "a.html": PAGE,
        "a.xhtml": CHAPTER,
        "a.srt": SUBRIP,
        "a.vtt": WEBVTT,
    }
    texts |= {"a.ass": ALPHA, "a.po": CATALOGUE, "a.xlf": XLIFF_1, "b.xliff": XLIFF_2}
    texts |= {"a.json": JSON, "a.arb": JSON, "a.strings": STRINGS, "a.resx": RESX}
    files = {name: text.encode() for name, text in texts.items()}
    files |= {"a.docx": word(), "a.pptx": slides(), "a.xlsx": workbook(), "a.odt": odt()}
    return files | {"a.odp": odp(), "a.epub": epub(), "a.pdf": pdf()}
