"""The command itself: its options, its files, its tables and its picture."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.load.__main__ import main, nested
from benchmarks.load.results import Found, Run, read, write


@pytest.fixture
def recorded(
    tmp_path: Path, make_run: Callable[..., Run], make_found: Callable[..., Found]
) -> Path:
    """A file of a run in which a long text was refused, and some requests cut."""
    runs = make_run(2.0), make_run(5.0, 0.5, {"200": 8, "reset": 3}, {"503": 1})
    write(make_found(*runs, label="before"), tmp_path / "old.json")
    return tmp_path / "old.json"


def test_help_says_what_it_does(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    assert "--check" in capsys.readouterr().out


def test_settings_are_nested_as_in_the_file() -> None:
    found = nested(["limits.concurrent=128", "limits.queue_wait_s=0.5", "http.hosts=['*']"])
    assert found == {"limits": {"concurrent": 128, "queue_wait_s": 0.5}, "http": {"hosts": ["*"]}}


@pytest.mark.parametrize("option", ["--set", "--env"])
def test_a_setting_without_a_value_is_refused(
    option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([option, "limits.concurrent"]) == 2
    assert "limits.concurrent: write KEY=VALUE" in capsys.readouterr().err


def test_an_address_that_is_not_http_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--url", "https://example.org"]) == 2
    assert "write http://HOST:PORT" in capsys.readouterr().err


def test_a_file_that_is_none_of_ours_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "other.json").write_text("{}")
    assert main(["--show", str(tmp_path / "other.json")]) == 2
    assert main(["--show", str(tmp_path / "none.json")]) == 2
    assert capsys.readouterr().err.count("benchmarks.load: ") == 2


def test_what_was_written_is_read_again(
    tmp_path: Path, make_run: Callable[..., Run], make_found: Callable[..., Found]
) -> None:
    found = make_found(make_run(normal_s=None))
    write(found, tmp_path / "found.json")
    assert read(tmp_path / "found.json") == found


def test_tables_show_every_end_and_check_fails_with_a_line_a_bound(
    recorded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--show", str(recorded)]) == 0
    assert main(["--show", str(recorded), "--check"]) == 1
    shown = capsys.readouterr()
    for words in ("before", "capacity 50.0, 50.0/s", "3 × reset", "long", "1 s", "translate 20.0"):
        assert words in shown.out
    assert "22 ms an answer, 2.0 ms a refusal" in shown.out
    lines = shown.err.splitlines()
    assert [line.split(":")[1] for line in lines] == [" 5×", " 5×"]


@pytest.mark.quantize
@pytest.mark.parametrize("kind", ["svg", "png"])
def test_a_picture_has_both_states(kind: str, recorded: Path) -> None:
    path = recorded.with_suffix(f".{kind}")
    options = ["--show", str(recorded), "--beside", str(recorded), "--plot", str(path)]
    assert main(options) == 0
    assert path.stat().st_size > 10_000
