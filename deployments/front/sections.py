"""HAProxy's configuration as sections of lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

KINDS = ("global", "defaults", "frontend", "backend", "listen")


@dataclass(frozen=True)
class Section:
    """`title` is the line that opens it, as "backend http-csanmt"; `lines` have no indentation."""

    title: str
    lines: tuple[str, ...]

    @property
    def kind(self) -> str:
        return self.title.split()[0]

    @property
    def name(self) -> str:
        return self.title.partition(" ")[2]

    def without(self, *beginnings: str) -> Section:
        """The same without the lines that begin so."""
        return Section(self.title, tuple(x for x in self.lines if not x.startswith(beginnings)))

    def then(self, lines: Sequence[str]) -> Section:
        """The same with `lines` at its end."""
        return Section(self.title, (*self.lines, *lines))


def parse(text: str) -> list[Section]:
    """The sections of a configuration, without comments; raises ValueError for a line outside."""
    found: list[tuple[str, list[str]]] = []
    for line in map(str.strip, text.splitlines()):
        if not line or line.startswith("#"):
            continue
        if line.split()[0] in KINDS:
            found.append((line, []))
        elif found:
            found[-1][1].append(line)
        else:
            raise ValueError(f"line outside of any section: {line}")
    return [Section(title, tuple(lines)) for title, lines in found]


def render(sections: Sequence[Section]) -> str:
    """The configuration that `parse` reads."""
    return "".join(
        f"{section.title}\n" + "".join(f"    {line}\n" for line in section.lines)
        for section in sections
    )
