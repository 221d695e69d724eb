"""All of the state, as one ingress replica or a command has it."""

from __future__ import annotations

from sqlalchemy import select, text

from deployments.config import StoreSettings
from deployments.store.address import database_url, described
from deployments.store.database import FAULTS, Database, cause
from deployments.store.glossaries import Glossaries
from deployments.store.jobs import Jobs
from deployments.store.keys import Keys
from deployments.store.leases import Leases
from deployments.store.limiter import Limiter
from deployments.store.rates import Rates
from deployments.store.tables import SCHEMA, VERSION_TABLE
from deployments.store.usage import Usage
from pipeline.errors import UserError


class Store:
    """`settings` are those that `upgrade.prepare` gave; this is one of so many `replicas`.

    Connects when it is first used, in the event loop of who uses it. Every method may raise
    StoreUnavailable.
    """

    def __init__(self, settings: StoreSettings, replicas: int) -> None:
        """Raises UserError."""
        self.database = Database(database_url(settings.url))
        self.glossaries = Glossaries(self.database, settings)
        self.keys = Keys(self.database)
        self.usage = Usage(self.database)
        self.limiter = Limiter(self.usage, Rates(settings.limits_url, replicas))
        self.jobs = Jobs(self.database, settings)
        self.leases = Leases(self.jobs)

    async def check(self) -> None:
        """Raises UserError where the database is not there, or not of this code's schema."""
        name = described(self.database.url)
        try:
            async with self.database.engine.connect() as connection:
                version = select(text("version_num")).select_from(text(VERSION_TABLE))
                found = (await connection.execute(version)).scalar_one_or_none()
        except FAULTS as error:
            raise UserError(f"{name}: {cause(error)}: start the service anew, or see why") from None
        if found != SCHEMA:
            raise UserError(
                f"{name}: expected schema {SCHEMA}, found {found}: start the service anew"
            )

    async def close(self) -> None:
        """Write what is not written yet and end the connections."""
        await self.usage.close()
        await self.limiter.rates.close()
        await self.database.close()
