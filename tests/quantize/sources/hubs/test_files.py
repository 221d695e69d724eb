"""Downloads: resumed, checked, never half in place, and what is said when they fail."""

from __future__ import annotations

import fcntl
import hashlib
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from pipeline.errors import UserError
from quantize.progress import no_report, no_show
from quantize.sources.hubs.files import TRIES, Remote, cache, fetch
from quantize.sources.hubs.web import read_json, shown
from tests.quantize.sources.hubs.site import Site

CONTENT = random.Random(1).randbytes(300_000)
HASH = hashlib.sha256(CONTENT).hexdigest()
NAME = "model.bin"


def get(remote: Remote, folder: Path) -> Path:
    return fetch(remote, folder, no_report, no_show)


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def remote(site: Site, content: bytes = CONTENT, **published: Any) -> Remote:
    return Remote(site.add("/a/model.bin", content), NAME, **published)


def test_a_file_comes_whole_and_once(site: Site, tmp_path: Path) -> None:
    wanted = remote(site, sha256=HASH, size=len(CONTENT))
    for _ in range(2):
        assert get(wanted, tmp_path / "new" / "folder").read_bytes() == CONTENT
    assert site.paths() == ["/a/model.bin"]
    assert left(tmp_path / "new" / "folder") == [NAME]


def test_progress_goes_up_to_all_of_it(site: Site, tmp_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    content = CONTENT * 8
    fetch(remote(site, content), tmp_path, no_report, lambda *step: seen.append(step))
    assert {stage for stage, _, _ in seen} == {"model.bin, MB"}
    assert [done for _, done, _ in seen] == sorted(done for _, done, _ in seen)
    assert {total for _, _, total in seen} == {3}
    assert seen[-1][1] == 3


@pytest.mark.parametrize("published", [{"sha256": HASH}, {"size": len(CONTENT)}, {}])
def test_what_breaks_off_goes_on_from_there(
    site: Site, tmp_path: Path, published: dict[str, Any]
) -> None:
    site.cuts["/a/model.bin"] = [100_000, 50_000]
    assert get(remote(site, **published), tmp_path).read_bytes() == CONTENT
    assert [asked for _, _, asked in site.asked] == [None, "bytes=100000-", "bytes=150000-"]


def test_what_broke_off_for_good_goes_on_at_the_next_run(site: Site, tmp_path: Path) -> None:
    site.cuts["/a/model.bin"] = [10_000] * TRIES
    with pytest.raises(UserError, match=r"broke off after 50000 bytes .* it goes on from there"):
        get(remote(site), tmp_path)
    assert left(tmp_path) == [f"{NAME}.part", f"{NAME}.part.tag"]
    assert get(remote(site), tmp_path).read_bytes() == CONTENT
    assert site.asked[-1][2] == "bytes=50000-"
    assert left(tmp_path) == [NAME]


def test_a_file_that_changed_meanwhile_is_begun_anew(site: Site, tmp_path: Path) -> None:
    site.cuts["/a/model.bin"] = [10_000] * TRIES
    with pytest.raises(UserError, match="broke off"):
        get(remote(site), tmp_path)
    assert get(remote(site, CONTENT[::-1]), tmp_path).read_bytes() == CONTENT[::-1]


def test_without_a_hash_and_a_tag_nothing_is_pieced_together(site: Site, tmp_path: Path) -> None:
    site.tags = False
    site.cuts["/a/model.bin"] = [10_000]
    assert get(remote(site), tmp_path).read_bytes() == CONTENT
    assert [asked for _, _, asked in site.asked] == [None, None]


def test_a_server_without_ranges_is_asked_from_the_beginning(site: Site, tmp_path: Path) -> None:
    site.ranges = False
    site.cuts["/a/model.bin"] = [10_000]
    assert get(remote(site, sha256=HASH), tmp_path).read_bytes() == CONTENT


def test_a_part_with_more_than_the_file_is_begun_anew(site: Site, tmp_path: Path) -> None:
    (tmp_path / f"{NAME}.part").write_bytes(CONTENT + b"more")
    assert get(remote(site, sha256=HASH), tmp_path).read_bytes() == CONTENT


def test_a_part_that_is_whole_is_not_asked_for(site: Site, tmp_path: Path) -> None:
    (tmp_path / f"{NAME}.part").write_bytes(CONTENT)
    assert get(remote(site, sha256=HASH, size=len(CONTENT)), tmp_path).read_bytes() == CONTENT
    assert site.asked == []


@pytest.mark.parametrize(
    "published,message",
    [
        ({"sha256": "0" * 64}, f"has the sha256 {HASH}, but 0000"),
        ({"size": len(CONTENT) - 1}, "gives more bytes than were published"),
        ({"size": len(CONTENT) + 1}, "does not give all of it"),
    ],
)
def test_another_file_than_the_published_one_is_refused(
    site: Site, tmp_path: Path, published: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        get(remote(site, **published), tmp_path)
    assert NAME not in left(tmp_path)


def test_a_part_of_another_file_does_not_spoil_the_next_run(site: Site, tmp_path: Path) -> None:
    (tmp_path / f"{NAME}.part").write_bytes(b"something else")
    with pytest.raises(UserError, match="has the sha256"):
        get(remote(site, sha256=HASH), tmp_path)
    assert get(remote(site, sha256=HASH), tmp_path).read_bytes() == CONTENT


def test_a_file_that_was_damaged_here_is_downloaded_again(site: Site, tmp_path: Path) -> None:
    wanted = remote(site, sha256=HASH)
    get(wanted, tmp_path).write_bytes(b"damaged")
    assert get(wanted, tmp_path).read_bytes() == CONTENT


def test_it_is_said_when_no_hash_is_published(site: Site, tmp_path: Path) -> None:
    said: list[str] = []
    fetch(remote(site), tmp_path, said.append, no_show)
    assert said == [f"{site.url}/a/model.bin: no hash is published for it; its sha256 is {HASH}"]
    fetch(remote(site, sha256=HASH), tmp_path / "other", said.append, no_show)
    assert len(said) == 1


@pytest.mark.parametrize(
    "status,message", [(404, "404 Not Found: check the name"), (503, "503 .*try again later")]
)
def test_an_answer_that_is_none_is_named(
    site: Site, tmp_path: Path, status: int, message: str
) -> None:
    site.statuses["/a/model.bin"] = status
    with pytest.raises(UserError, match=message):
        get(remote(site), tmp_path)
    with pytest.raises(UserError, match=message):
        read_json(site.url + "/a/model.bin")
    assert NAME not in left(tmp_path)


def test_redirects_are_followed_but_not_without_an_end(site: Site, tmp_path: Path) -> None:
    remote(site)
    site.redirects = {"/new": "/a/model.bin", "/b": "/c", "/c": "/b", "/d": "ftp://127.0.0.1/e"}
    assert get(Remote(site.url + "/new", NAME), tmp_path).read_bytes() == CONTENT
    with pytest.raises(UserError, match="/b redirects without an end"):
        get(Remote(site.url + "/b", "other"), tmp_path)
    with pytest.raises(UserError, match="/d leads to no http address"):
        get(Remote(site.url + "/d", "other"), tmp_path)


def test_a_redirect_away_from_https_is_refused(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = remote(site).url

    def answer(_: Any, request: httpx.Request) -> httpx.Response:
        return httpx.Response(302, headers={"Location": target}, request=request)

    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", answer)
    for call in reaching("https://models.invalid/model.bin", tmp_path):
        with pytest.raises(UserError, match=r"models\.invalid/model.bin redirects to http, where"):
            call()
    assert site.asked == []


def reaching(url: str, folder: Path) -> list[Callable[[], Any]]:
    return [lambda: get(Remote(url, NAME), folder), lambda: read_json(url)]


def test_without_a_network_the_remedy_is_one_line(tmp_path: Path) -> None:
    for call in reaching("http://127.0.0.1:9/model.bin", tmp_path):
        with pytest.raises(UserError, match=r"cannot be reached .* connect to") as found:
            call()
        assert "\n" not in str(found.value)


def test_proxies_of_the_environment_are_obeyed(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.files["http://models.invalid/model.bin"] = CONTENT
    monkeypatch.setenv("HTTP_PROXY", site.url)
    monkeypatch.setenv("HTTPS_PROXY", site.url)
    assert get(Remote("http://models.invalid/model.bin", NAME), tmp_path).read_bytes() == CONTENT
    with pytest.raises(UserError, match="cannot be reached"):
        get(Remote("https://models.invalid/model.bin", "other"), tmp_path)
    assert site.asked[-1][:2] == ("CONNECT", "models.invalid:443")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    get(remote(site), tmp_path / "direct")
    assert site.asked[-1][1] == "/a/model.bin"


@pytest.mark.parametrize("proxy", ["nonsense://x", "socks5://127.0.0.1:9"])
def test_a_proxy_that_cannot_be_used_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)
    with pytest.raises(UserError, match="proxy"):
        get(Remote("http://models.invalid/model.bin", NAME), tmp_path)


def test_two_processes_do_not_write_one_file(site: Site, tmp_path: Path) -> None:
    with (tmp_path / f"{NAME}.part").open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(UserError, match="is being downloaded by another process"):
            get(remote(site), tmp_path)


def test_a_folder_that_cannot_be_written_is_named(site: Site, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(UserError, match=r"file/model\.bin\.part: .*: check the folder"):
        get(remote(site), tmp_path / "file")


def test_passwords_and_queries_are_not_shown(site: Site, tmp_path: Path) -> None:
    assert shown("https://me:secret@host/a/b.zip?token=secret#sha256=0") == "https://host/a/b.zip"
    url = site.url.replace("//", "//me:secret@") + "/missing?token=secret"
    with pytest.raises(UserError) as found:
        get(Remote(url, NAME), tmp_path)
    assert "secret" not in str(found.value)


def test_the_cache_is_where_xdg_says(
    cached: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cache() == cached
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache() == tmp_path / ".cache" / "csanmt"


def test_an_index_that_is_no_json_is_refused(site: Site) -> None:
    with pytest.raises(UserError, match="/index answers no JSON"):
        read_json(site.add("/index", b"<html>"))
