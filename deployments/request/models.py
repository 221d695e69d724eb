"""Which of the models that are served translates a text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from deployments.errors import UnknownModel, UnsupportedLanguages
from pipeline.bundle import Languages
from pipeline.text.language import base


@dataclass(frozen=True, slots=True)
class Models:
    """Their languages by their names, the default first."""

    served: Mapping[str, Languages]

    def choose(self, model: str | None, source: str | None, target: str | None) -> str:
        """The model that is named, or the first that has the languages; None is any.

        Languages are tags of any spelling. Raises UnknownModel or UnsupportedLanguages.
        """
        if model is not None and model not in self.served:
            raise UnknownModel(self.served)
        for name in self.served if model is None else (model,):
            languages = self.served[name]
            if source is not None and base(source) != base(languages.source):
                continue
            if target is None or base(target) == base(languages.target):
                return name
        pairs = (f"{served.source} to {served.target}" for served in self.served.values())
        raise UnsupportedLanguages(dict.fromkeys(pairs))

    def has(self, model: str | None, source: str, target: str | None) -> str | None:
        """The same, but None where the languages are not served; raises UnknownModel."""
        try:
            return self.choose(model, source, target)
        except UnsupportedLanguages:
            return None
