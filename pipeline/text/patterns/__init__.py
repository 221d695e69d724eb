"""What must not change within a line, in order of precedence where two begin at one place."""

from __future__ import annotations

from pipeline.text.patterns.code import CODE, NAMES, PATHS
from pipeline.text.patterns.figures import FIGURES
from pipeline.text.patterns.layout import LAYOUT
from pipeline.text.patterns.markup import MARKUP, TAG
from pipeline.text.patterns.pattern import Pattern
from pipeline.text.patterns.placeholders import PLACEHOLDERS
from pipeline.text.patterns.signs import SIGNS, SYMBOLS
from pipeline.text.patterns.web import WEB

PATTERNS = (
    *SYMBOLS,
    *LAYOUT,
    *CODE,
    *WEB,
    *PATHS,
    *PLACEHOLDERS,
    *MARKUP,
    *NAMES,
    *FIGURES,
    *SIGNS,
)

__all__ = ["PATTERNS", "TAG", "Pattern"]
