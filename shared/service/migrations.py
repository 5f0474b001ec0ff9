"""A service's schema: numbered files of literal SQL, carried out by alembic in order and never changed once released.

    versions/0003_diverged.sql        what the version changes in the service's own place
    versions/0003_diverged.model.sql  what it changes in the read model; a shadow rebuild replays these in a schema beside it
    versions/0003_diverged.py         its number, the number before it, and the call of `run`

Invariant: SQL that the code imports cannot change a version, since a version is its file; `released.sha256` in the same folder
holds the digests of the released ones (tests/contract/test_migrations.py).

What a process accepts (`/ready`): the versions from `oldest` to the newest that its code knows, and newer ones that say that they
still serve its code. A version says so in the table `served_code`: an expanding version leaves it alone, a contracting one raises it.
So the schema is expanded while the old code runs, and contracted when it has gone (decision 14).

Alembic is imported where a schema is changed, and nowhere else: it would cost each of fifteen processes half a second at its start.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, Engine, text

if TYPE_CHECKING:
    from alembic.config import Config

_ENVIRONMENT: Final = Path(__file__).with_name("alembic")
_VERSION = text("select version_num from alembic_version")
_SERVED_FROM = text("select oldest from served_code")
_MODEL: Final = ".model.sql"


@dataclass(frozen=True)
class Migrations:
    """`folder` holds `versions/`. `oldest` is the oldest version that this code can work with; None: the newest only.

    `model`: the schema of the read model, where a service has one; SQL of `.model.sql` files is carried out there.
    """

    folder: Path
    oldest: str | None = None
    model: str | None = None

    def upgrade(self, owner: Engine) -> None:
        """Brings the schema to the newest version, each version in a transaction. Raises what alembic or the database raises."""
        from alembic import command  # noqa: PLC0415 - see the head of this file

        config = self._config()
        with owner.connect() as connection:
            # A statement that waits for a table's lock makes all later ones wait too: better to fail and be run again.
            connection.execute(text("set lock_timeout = '5s'"))
            connection.commit()
            config.attributes["connection"] = connection
            config.attributes["model"] = self.model
            command.upgrade(config, "head")

    def missing(self, connection: Connection) -> str | None:
        """What keeps this code from working with the schema, in one sentence; None when nothing does."""
        known = self._known()
        at = connection.execute(_VERSION).scalar_one_or_none()
        oldest = self.oldest or known[-1]
        if at in known:
            accepted = known.index(at) >= known.index(oldest)
        else:
            accepted = at is not None and at > known[-1] and connection.execute(_SERVED_FROM).scalar_one() <= known[-1]
        if accepted:
            return None
        return f"migrations are at {at}, not at {known[-1] if oldest == known[-1] else f'{oldest} to {known[-1]}'}"

    def model_statements(self) -> list[str]:
        """The SQL that fills an empty schema with the read model's tables, in the order of the versions."""
        return [file.read_text(encoding="utf-8") for file in sorted(self.folder.glob(f"versions/*{_MODEL}"))]

    def _known(self) -> Sequence[str]:
        """A version's number is the beginning of its files' names."""
        return sorted(file.name.partition("_")[0] for file in self.folder.glob("versions/[0-9]*.py"))

    def _config(self) -> "Config":
        from alembic.config import Config  # noqa: PLC0415 - see the head of this file

        config = Config()
        config.set_main_option("script_location", str(_ENVIRONMENT))
        config.set_main_option("path_separator", "newline")
        config.set_main_option("version_locations", str(self.folder / "versions"))
        return config


def run(version: str) -> None:
    """Called by a version's `upgrade` with its own `__file__`: carries out the SQL beside it."""
    from alembic import op  # noqa: PLC0415 - see the head of this file

    connection, file = op.get_bind(), Path(version)
    if (own := file.with_suffix(".sql")).exists():
        execute(connection, own.read_text(encoding="utf-8"))
    if (model := file.with_suffix(_MODEL)).exists():
        schema = op.get_context().config.attributes["model"]  # type: ignore[union-attr]  # `upgrade` made it
        for statement in within(schema, [model.read_text(encoding="utf-8")]):
            execute(connection, statement)


def within(schema: str, statements: Sequence[str]) -> Iterator[str]:
    """The same statements, carried out in `schema`."""
    yield f"set local search_path = {schema}, public"
    yield from statements
    yield "set local search_path = public"


def execute(connection: Connection, sql: str) -> None:
    """Several statements in one text, as a file has them; neither `:` nor `%` in them means a parameter."""
    connection.execution_options(no_parameters=True).exec_driver_sql(sql)
