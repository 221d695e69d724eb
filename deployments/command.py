"""`csanmt`: the commands of `pipeline`, and `csanmt keys` for the keys of the service."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from deployments.config import load, read
from deployments.launch.checks import find_application
from pipeline.__main__ import main as run
from pipeline.config import resolve
from pipeline.errors import UserError

if TYPE_CHECKING:
    from deployments.store.store import Store
    from pipeline.__main__ import Commands

COLUMNS = ("name", "begins", "made", "requests/min", "characters/month", "used", "requests")


def main(argv: list[str] | None = None) -> int:
    """Run the command that the arguments name; returns the exit status."""
    return run(argv, add_keys)


def add_keys(commands: Commands) -> None:
    """`csanmt keys`."""
    keys = commands.add_parser("keys", help="make, list and revoke keys of the service")
    keys.add_argument(
        "--config", default="serve_config.yaml", help="of the service (default: %(default)s)"
    )
    actions = keys.add_subparsers(required=True, metavar="ACTION")
    add = actions.add_parser("add", help="make a key, which is shown this once")
    add.add_argument("name", metavar="NAME", help="whose it is")
    add.add_argument("--characters-per-month", type=_count, metavar="N", help="(default: any)")
    add.add_argument("--requests-per-minute", type=_count, metavar="N", help="(default: any)")
    add.set_defaults(run=_command(_add))
    listing = actions.add_parser("list", help="show the keys, and what they have used this month")
    listing.set_defaults(run=_command(_list))
    revoke = actions.add_parser("revoke", help="refuse a key from now on")
    revoke.add_argument("name", metavar="NAME", help="as given to `add`")
    revoke.set_defaults(run=_command(_revoke))


def _count(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) < 2**31):
        raise argparse.ArgumentTypeError(f"{text}: give a number from 1 to {2**31 - 1}")
    return int(text)


Action = Callable[["Store", argparse.Namespace], Awaitable[None]]


def _command(action: Action) -> Callable[[argparse.Namespace], int]:
    """What runs it with the state that the service has."""

    def start(arguments: argparse.Namespace) -> int:
        # Only now: translating does without them.
        from deployments.store.errors import StoreUnavailable
        from deployments.store.store import Store
        from deployments.store.upgrade import prepare

        application = find_application(read(resolve(arguments.config)), arguments.config)
        settings = load(application.get("args") or {}, f"{arguments.config}: args").store
        logging.getLogger("csanmt").addHandler(logging.NullHandler())  # the error below says it

        async def act() -> None:
            store = Store(prepare(settings, nodes=1), replicas=1)
            try:
                await action(store, arguments)
            except StoreUnavailable as error:
                raise UserError(f"{error}: see store.url") from None
            finally:
                await store.close()

        asyncio.run(act())
        return 0

    return start


async def _add(store: Store, arguments: argparse.Namespace) -> None:
    key, _ = await store.keys.add(
        arguments.name, arguments.characters_per_month, arguments.requests_per_minute
    )
    print("csanmt: keep the key, it is not shown again", file=sys.stderr)
    print(key)


async def _list(store: Store, _: argparse.Namespace) -> None:
    rows: list[tuple[str, ...]] = [COLUMNS]
    for key in await store.keys.list():
        used = await store.usage.read(key.id)
        limits = (key.requests_per_minute, key.characters_per_month)
        rates = ("any" if limit is None else f"{limit}" for limit in limits)
        counted = (f"{used.characters}", f"{used.requests}")
        rows.append((key.name, f"{key.prefix}…", f"{key.created:%Y-%m-%d}", *rates, *counted))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print("  ".join(cells).rstrip())


async def _revoke(store: Store, arguments: argparse.Namespace) -> None:
    await store.keys.revoke(arguments.name)
    print(f"csanmt: {arguments.name} is refused from now on", file=sys.stderr)
