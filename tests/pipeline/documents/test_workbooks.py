"""Excel workbooks, opened again by openpyxl."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import openpyxl
import xlsxwriter
from openpyxl.cell.rich_text import CellRichText

from pipeline.documents import Document, open_document
from tests.pipeline.documents.samples import pseudo, workbook

ENGLISH = {"产品": "Product", "金额": "Amount", "请<g1>保存</g1>文件": "<g1>Save</g1> the file"}
ENGLISH |= {"请立即<g1>保存</g1>": "Please <g1>save</g1>"}


def translated(document: Document, **english: str) -> Any:
    table = ENGLISH | english
    content = document.write([table.get(text, pseudo(text)) for text in document.texts])
    return openpyxl.load_workbook(BytesIO(content), rich_text=True)["销售"]


def test_texts_change_and_numbers_and_formulas_do_not() -> None:
    sheet = translated(open_document("a.xlsx", workbook()))
    values = [[cell.value for cell in row[:2]] for row in sheet.iter_rows(max_row=4)]
    assert values == [
        ["Product", "Amount"],
        ["word", 12],
        ["word", 3.5],
        [None, "=SUM(B2:B3)"],
    ]
    assert sheet["A2"].comment.text == "word"
    assert sheet.oddHeader.center.text == "word &P"


def test_a_cell_of_two_styles_keeps_them() -> None:
    cell = translated(open_document("a.xlsx", workbook()))["A6"].value
    assert isinstance(cell, CellRichText)
    assert [(str(part), getattr(getattr(part, "font", None), "b", None)) for part in cell] == [
        ("Save", True),
        (" the file", None),
    ]


def test_the_headings_of_a_table_are_its_columns_names() -> None:
    document = open_document("a.xlsx", workbook())
    sheet = translated(document)
    assert [column.name for column in sheet.tables["Sales"].tableColumns] == ["Product", "Amount"]
    assert document.notes == ()


def test_headings_that_would_become_alike_stay() -> None:
    sheet = translated(open_document("a.xlsx", workbook()), 产品="Same", 金额="same")
    assert [column.name for column in sheet.tables["Sales"].tableColumns] == ["产品", "金额"]
    assert [cell.value for cell in sheet[1][:2]] == ["产品", "金额"]


def test_headings_that_formulas_name_stay() -> None:
    document = open_document("a.xlsx", workbook(formula="=SUM(Sales[金额])"))
    assert not {"产品", "金额"} & set(document.texts)
    assert "headings that name columns of tables are left as they are" in document.notes
    assert translated(document)["B4"].value == "=SUM(Sales[金额])"


def test_formulas_with_chinese_are_told_of() -> None:
    formula = '=IF(A2="苹果",1,0)'
    document = open_document("a.xlsx", workbook(formula=formula))
    assert document.notes == ("formulas with Chinese in them are left as they are",)
    assert translated(document)["B4"].value == formula


def test_strings_that_sheets_share_are_translated() -> None:
    target = BytesIO()
    with xlsxwriter.Workbook(target) as book:
        sheet = book.add_worksheet("销售")
        bold = book.add_format({"bold": True})
        sheet.write_column(0, 0, ["苹果", "苹果", 7])
        sheet.write_rich_string(3, 0, "请立即", bold, "保存")
        sheet.write_formula(4, 0, '=A1&"斤"', None, "苹果斤")
    document = open_document("a.xlsx", target.getvalue())
    assert document.texts == ("苹果", "请立即<g1>保存</g1>")
    column = [cell.value for cell in translated(document)["A"]]
    assert column[:3] == ["word", "word", 7]
    assert str(column[3]) == "Please save"
    assert column[4] == '=A1&"斤"'
