"""PowerPoint presentations, opened again by python-pptx."""

from __future__ import annotations

from io import BytesIO

import pptx

from pipeline.documents import open_document
from tests.pipeline.documents.samples import pseudo, slides

BODY = "请点击<g1>这里</g1>查看文档。\n第二行"


def test_slides_keep_their_styles_tables_charts_and_notes() -> None:
    document = open_document("a.pptx", slides())
    assert BODY in document.texts
    english = [
        "Click <g1>here</g1> for more.\nLine two" if text == BODY else pseudo(text)
        for text in document.texts
    ]
    (slide,) = pptx.Presentation(BytesIO(document.write(english))).slides
    assert slide.shapes.title.text == "word"
    paragraph = slide.placeholders[1].text_frame.paragraphs[0]
    assert [(run.text, run.font.bold) for run in paragraph.runs] == [
        ("Click ", None),
        ("here", True),
        (" for more.", None),
        ("Line two", None),
    ]
    assert paragraph.text == "Click here for more.\vLine two"
    (table,) = [shape.table for shape in slide.shapes if shape.has_table]
    assert [cell.text for cell in table.rows[0].cells] == ["word", "12"]
    (chart,) = [shape.chart for shape in slide.shapes if shape.has_chart]
    assert list(chart.plots[0].categories) == ["word", "word"]
    assert [(series.name, tuple(series.values)) for series in chart.plots[0].series] == [
        ("word", (1.5, 2.5))
    ]
    assert slide.notes_slide.notes_text_frame.text == "word"
