from __future__ import annotations

import asyncio

import pytest

from deployments.store.errors import TooManyGlossaries
from deployments.store.store import Store
from pipeline.glossary import Entry, Glossary, InvalidGlossary

pytestmark = pytest.mark.anyio

TERMS = (Entry("线程池", "thread pool"), Entry("缓存", "cache"))
GLOSSARY = Glossary("zh", "en", TERMS)


async def test_a_glossary_comes_back_as_it_was(store: Store) -> None:
    made = await store.glossaries.create(" Terms ", GLOSSARY, None)
    assert (made.name, made.source, made.target, made.count) == ("Terms", "zh", "en", 2)
    assert made.created == store.glossaries.clock()
    assert await store.glossaries.get(made.id, None) == GLOSSARY
    assert await store.glossaries.find(made.id, None) == made
    assert await store.glossaries.list(None) == (made,)


async def test_entries_and_name_are_replaced(store: Store) -> None:
    made = await store.glossaries.create("a", GLOSSARY, None)
    assert await store.glossaries.replace(made.id, None, [Entry("云", "cloud")])
    kept = await store.glossaries.get(made.id, None)
    assert kept == Glossary("zh", "en", (Entry("云", "cloud"),))
    assert await store.glossaries.replace(made.id, None, TERMS, name="b")
    found = await store.glossaries.find(made.id, None)
    assert found is not None and (found.name, found.count) == ("b", 2)


async def test_a_deleted_glossary_is_gone(store: Store) -> None:
    made = await store.glossaries.create("a", GLOSSARY, None)
    assert await store.glossaries.delete(made.id, None)
    assert not await store.glossaries.delete(made.id, None)
    assert await store.glossaries.get(made.id, None) is None
    assert await store.glossaries.list(None) == ()


async def test_a_key_sees_only_its_own(store: Store) -> None:
    _, one = await store.keys.add("one")
    _, other = await store.keys.add("other")
    made = await store.glossaries.create("a", GLOSSARY, one.id)
    for owner in (other.id, None):
        assert await store.glossaries.get(made.id, owner) is None
        assert await store.glossaries.find(made.id, owner) is None
        assert await store.glossaries.list(owner) == ()
        assert not await store.glossaries.replace(made.id, owner, TERMS)
        assert not await store.glossaries.delete(made.id, owner)
    assert await store.glossaries.get(made.id, one.id) == GLOSSARY


@pytest.mark.parametrize("odd", ["", "x", "\0", "a" * 32, "A" * 32, "é" * 32, "a" * 100_000])
async def test_ids_that_nobody_made_are_unknown(store: Store, odd: str) -> None:
    assert await store.glossaries.get(odd, None) is None
    assert await store.glossaries.find(odd, None) is None
    assert not await store.glossaries.replace(odd, None, TERMS)
    assert not await store.glossaries.delete(odd, None)


async def test_a_key_has_so_many_and_no_more_also_at_once(store: Store) -> None:
    outcomes = await asyncio.gather(
        *(store.glossaries.create(str(number), GLOSSARY, None) for number in range(8)),
        return_exceptions=True,
    )
    refused = [outcome for outcome in outcomes if isinstance(outcome, TooManyGlossaries)]
    assert len(refused) == 5 and "3" in str(refused[0])
    assert len(await store.glossaries.list(None)) == 3
    _, other = await store.keys.add("other")
    await store.glossaries.create("a", GLOSSARY, other.id)


async def test_what_the_bounds_forbid_changes_nothing(store: Store) -> None:
    made = await store.glossaries.create("a", GLOSSARY, None)
    twice = [TERMS[0], TERMS[0]]
    with pytest.raises(InvalidGlossary, match="entry 2"):
        await store.glossaries.replace(made.id, None, twice)
    with pytest.raises(InvalidGlossary, match="entry 1"):
        await store.glossaries.create("b", Glossary("zh", "en", (Entry("云", "x" * 101),)), None)
    for name in ("", " ", "x" * 201, "a\0b", "a\ud800"):
        with pytest.raises(InvalidGlossary, match="name"):
            await store.glossaries.create(name, GLOSSARY, None)
    assert await store.glossaries.get(made.id, None) == GLOSSARY


async def test_the_longest_glossary_is_kept(store: Store) -> None:
    terms = tuple(Entry(f"词{number:05}" + "长" * 94, "x" * 100) for number in range(10_000))
    made = await store.glossaries.create("a", Glossary("zh", "en", terms), None)
    kept = await store.glossaries.get(made.id, None)
    assert kept is not None and kept.entries == terms
    assert await store.glossaries.replace(made.id, None, terms[::-1])
