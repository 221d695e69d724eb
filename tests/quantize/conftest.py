from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from pipeline.translator import Translator
from quantize.bundles.build import build
from quantize.int8.recipes import load_recipe
from tests.reference import CASES, Reference


@pytest.fixture(scope="session", params=CASES)
def reference(request: pytest.FixtureRequest) -> Reference:
    return Reference(request.param)


@pytest.fixture(scope="session")
def translators(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[[Reference], Translator]]:
    """The float32 bundle of a reference model, served."""
    made: dict[str, Translator] = {}

    def translator(reference: Reference) -> Translator:
        name = reference.folder.name
        if name not in made:
            folder = tmp_path_factory.mktemp("reference") / name
            build(reference.folder, load_recipe("fp32"), folder)
            made[name] = Translator.load(folder)
        return made[name]

    yield translator
    for translator_ in made.values():
        translator_.close()


@pytest.fixture(scope="session")
def translator(reference: Reference, translators: Callable[[Reference], Translator]) -> Translator:
    return translators(reference)
