"""What Chinese and English write of one number reads as equal, and of another as different."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import assume, given
from hypothesis import strategies as st

from pipeline.answer.numbers.chinese.reader import quantities
from pipeline.answer.numbers.compare import invented, missing
from tests.pipeline.answer.numbers import renderings

# As many of few places as of many: 35,000,000 is written in more ways than 35,123,456.
NUMBERS = st.one_of(
    st.integers(11, 10**13),
    st.builds(lambda head, zeros: head * 10**zeros, st.integers(2, 9999), st.integers(1, 9)),
).filter(lambda number: number >= 11)
SMALL = st.integers(2, 10)


def agree(source: str, target: str) -> bool:
    return not missing(source, target) and not invented(source, target)


@given(NUMBERS, st.data())
def test_a_number_in_any_form_is_said_by_any_form(number: int, data: st.DataObject) -> None:
    source = data.draw(st.sampled_from(list(renderings.chinese(number))))
    target = data.draw(st.sampled_from(list(renderings.english(number))))
    assert agree(f"共有{source}元。", f"It is {target} yuan in all.")


@given(NUMBERS, st.data())
def test_another_number_in_any_form_is_noticed(number: int, data: st.DataObject) -> None:
    digits = str(number)
    place = data.draw(st.integers(0, len(digits) - 2))
    swapped = digits[:place] + digits[place + 1] + digits[place] + digits[place + 2 :]
    other = data.draw(
        st.sampled_from(
            [number * 10, number // 10, number * 10**4, number // 10**4, number + 1, int(swapped)]
        )
    )
    assume(other not in (number, 0))
    source = data.draw(st.sampled_from(list(renderings.chinese(number))))
    target = data.draw(st.sampled_from(list(renderings.english(other))))
    assert not agree(f"共有{source}元。", f"It is {target} yuan in all.")


@given(NUMBERS, st.data())
def test_what_replaces_a_number_says_it(number: int, data: st.DataObject) -> None:
    source = data.draw(st.sampled_from(list(renderings.chinese(number))))
    (quantity,) = quantities(source)
    assert (quantity.start, quantity.end) == (0, len(source))
    assert agree(source, f"It is {quantity.english} in all.")


@given(st.integers(1, 99999), st.sampled_from([1, 10, 100, 1000]), st.booleans())
def test_percentages_agree_and_are_no_plain_numbers(number: int, places: int, minus: bool) -> None:
    assume(number % (100 * places) and number != places)
    figure = f"{number / places:.3f}".rstrip("0").rstrip(".")
    whole, _, fraction = figure.partition(".")
    spelt = "".join(renderings.DIGITS[int(digit)] for digit in fraction)
    spoken = (renderings.spoken(int(whole)) or "零") + (f"点{spelt}" if spelt else "")
    sign = "-" if minus else ""
    sources = [f"增长{sign}{figure}%。", f"增长{'负' if minus else ''}百分之{spoken}。"]
    for source in sources:
        for target in (f"{sign}{figure}%", f"{sign}{figure} percent", f"{sign}{figure} per cent"):
            assert agree(source, f"It grew {target} then.")
        assert not agree(source, f"It grew {sign}{figure} then.")
        assert not agree(source, f"It grew {sign}{figure}‰ then.")
        if minus:
            assert not agree(source, f"It grew {figure}% then.")


@given(st.integers(1, 9), SMALL)
def test_fractions_agree_in_words_and_figures(part: int, whole: int) -> None:
    assume(part < whole)
    name = renderings.ORDINALS[whole] + ("s" if part > 1 else "")
    source = f"{renderings.spoken(whole)}分之{renderings.spoken(part)}的人"
    assert agree(source, f"{renderings.words(part)}-{name} of the people")
    assert agree(source, f"{part}/{whole} of the people")
    assert agree(source, f"{renderings.words(part)} in {renderings.words(whole)} people")
    other = Fraction(part, whole) != Fraction(part, whole + 1)
    assert agree(source, f"{part}/{whole + 1} of the people") is not other


@given(st.integers(0, 23), st.integers(1, 59))
def test_times_agree(hour: int, minute: int) -> None:
    late = hour >= 12
    half, twelve = ("下午" if late else "凌晨"), (hour + 11) % 12 + 1
    spelt = ("零" if minute < 10 else "") + renderings.spoken(minute)
    for source in (
        f"{half}{renderings.spoken(twelve)}点{spelt}分",
        f"{half}{twelve}:{minute:02}",
        f"{hour:02}:{minute:02}",
        f"{hour}时{minute}分",
    ):
        said = f"at {twelve}:{minute:02}"
        assert agree(source, f"{said} {'p.m.' if late else 'a.m.'}")
        assert agree(source, f"at {hour}:{minute:02}")
        wrong = f"{said} {'a.m.' if late else 'p.m.'}"
        assert not agree(source, wrong) or (source[0].isdigit() and hour <= 12)
        assert not agree(source, f"at {hour}:{(minute + 1) % 60:02}")


@given(st.integers(1949, 2049), st.integers(1, 12), st.integers(1, 28))
def test_dates_agree(year: int, month: int, day: int) -> None:
    spelt = "".join(renderings.DIGITS[int(digit)] for digit in str(year))
    names = "January February March April May June July August September October November December"
    name = names.split()[month - 1]
    for source in (
        f"{year}年{month}月{day}日",
        f"{year} 年 {month} 月 {day} 日",
        f"{spelt}年{renderings.spoken(month)}月{renderings.spoken(day)}日",
        f"{year}-{month:02}-{day:02}",
        f"{year}/{month}/{day}",
    ):
        assert agree(source, f"on {name} {day}, {year}")
        assert agree(source, f"on {day} {name[:3]} {year}")
        assert not agree(source, f"on {name} {day}, {year + 1}")
        assert not agree(source, f"on {name} {day + 1}, {year}") or day + 1 == month


@given(st.integers(2, 500), st.sampled_from(["分钟", "小时", "天", "个月", "年", "公里", "公斤"]))
def test_durations_and_lengths_agree_in_other_units(number: int, unit: str) -> None:
    larger = {
        **{"分钟": (60, "hours"), "小时": (24, "days"), "天": (7, "weeks"), "个月": (12, "years")},
        **{"年": (10, "decades"), "公里": (Fraction(1, 1000), "metres")},
        "公斤": (Fraction(1, 1000), "grams"),
    }
    factor, name = larger[unit]
    quotient = Fraction(number) / factor
    assume(quotient.denominator == 1 and quotient > 1)
    assert agree(f"{number}{unit}", f"{quotient} {name}")
    assert not agree(f"{number}{unit}", f"{quotient + 1} {name}")
