"""Statements that are built once, at import, and run by asyncpg itself.

SQLAlchemy spends 0.3 to 1 ms on each statement that it builds, and a transaction costs two more round trips. A read
needs neither: its statement is compiled once, with parameters in place of values, and runs on the session's connection.
Where the session is in a transaction already, it runs in that.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from typing import Any

import asyncpg
from sqlalchemy import (
    TIMESTAMP,
    BigInteger,
    BindParameter,
    ColumnElement,
    CompoundSelect,
    Date,
    Integer,
    Numeric,
    Select,
    Text,
    TextClause,
    bindparam,
    cast,
    func,
    literal_column,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY, REGCONFIG, aggregate_order_by
from sqlalchemy.dialects.postgresql.asyncpg import PGCompiler_asyncpg, PGDialect_asyncpg
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.ext.asyncio import AsyncSession


class _Compiler(PGCompiler_asyncpg):
    """Writes constants into the text, so that the planner knows them; what has a name stays a parameter."""

    def visit_bindparam(self, bindparam: BindParameter[Any], *args: Any, **options: Any) -> str:
        if bindparam.unique and bindparam.value is not None:
            options["literal_binds"] = True
        text: str = super().visit_bindparam(bindparam, *args, **options)  # type: ignore[no-untyped-call]
        return text

    def render_literal_value(self, value: Any, type_: Any) -> str:
        kind = Text() if isinstance(type_, REGCONFIG) else type_
        return str(super().render_literal_value(value, kind))  # type: ignore[no-untyped-call]


class _Dialect(PGDialect_asyncpg):
    statement_compiler = _Compiler
    supports_statement_cache = False
    _backslash_escapes = False


_RAW = "afterword.raw_connection"
_KEEPS_PLANS = "afterword.keeps_plans"
_DIALECT = _Dialect()  # type: ignore[no-untyped-call]


class Prebuilt:
    """A statement of SQLAlchemy as asyncpg takes it. Its parameters are named as in the statement.

    ``keeps_plan``: its :meth:`rows` are read as :func:`planned_once` says. ``in_order``: they are read in the order of
    an index, until there are enough. PostgreSQL else estimates that hashing all postmortems is cheaper than looking up
    the fifty that are wanted.
    """

    __slots__ = ("_given", "_in_order", "_keeps_plan", "_names", "text")

    def __init__(
        self,
        statement: Select[*tuple[Any, ...]] | CompoundSelect[Any] | TextClause,
        *,
        keeps_plan: bool = False,
        in_order: bool = False,
    ) -> None:
        self._keeps_plan = keeps_plan
        self._in_order = in_order
        compiled: Any = statement.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
        self.text: str = compiled.string
        self._names: tuple[str, ...] = tuple(compiled.positiontup or ())
        self._given: dict[str, Any] = compiled.params

    async def rows(self, session: AsyncSession, **values: Any) -> list[Any]:
        """Records, whose columns are read by name or by place. Raises StoreError."""
        given = self._given | values
        connection = await _connection(session)
        async with planned_once(session, in_order=self._in_order) if self._keeps_plan else nullcontext():
            with _as_store_errors(connection):
                found: list[Any] = await connection.fetch(self.text, *(given[name] for name in self._names))
        return found

    async def row(self, session: AsyncSession, **values: Any) -> Any:
        """The first record, or None."""
        given = self._given | values
        connection = await _connection(session)
        with _as_store_errors(connection):
            return await connection.fetchrow(self.text, *(given[name] for name in self._names))

    async def write(self, session: AsyncSession, **values: Any) -> list[Any]:
        """What the statement returns, to be read by place or by ``models.queries.rows``. It is part of the session's
        transaction.

        What the session has not written yet is not written first. JSON is given as text. Raises StoreError.
        """
        given = self._given | values
        arguments = tuple(given[name] for name in self._names)
        connection = await _raw(session)
        if not connection.is_in_transaction():  # SQLAlchemy begins it, and so knows that it has to commit it
            done = await (await session.connection()).exec_driver_sql(self.text, arguments)
            return list(done) if done.returns_rows else []
        with _as_store_errors(connection):
            found: list[Any] = await connection.fetch(self.text, *arguments)
        return found


async def _connection(session: AsyncSession) -> Any:
    """The session's own connection; what the session has not written yet is written first."""
    if session.new or session.dirty or session.deleted:
        await session.flush()
    return await _raw(session)


async def _raw(session: AsyncSession) -> Any:
    """asyncpg's connection, which SQLAlchemy looks up once for each transaction."""
    known, connection = session.info.get(_RAW, (None, None))
    if known is None or known is not session.sync_session.get_transaction():
        connection = (await (await session.connection()).get_raw_connection()).driver_connection
        session.info[_RAW] = session.sync_session.get_transaction(), connection
    return connection


@asynccontextmanager
async def settings_of_transaction(session: AsyncSession, **settings: str) -> AsyncIterator[None]:
    """One transaction with these settings of the server; the session's own, if it is in one."""
    connection = await _connection(session)
    is_ours = not connection.is_in_transaction()
    assigned = "; ".join(f"set local {name} = {value}" for name, value in settings.items())
    with _as_store_errors(connection):
        await connection.execute(f"begin; {assigned}" if is_ours else assigned)
    try:
        yield
    except BaseException:
        if is_ours and not connection.is_closed():
            await connection.execute("rollback")
        raise
    if is_ours:
        with _as_store_errors(connection):
            await connection.execute("commit")


@asynccontextmanager
async def planned_once(session: AsyncSession, *, in_order: bool = False) -> AsyncIterator[None]:
    """Keeps the plan of each statement for all later ones.

    PostgreSQL else plans a statement each time, if the values seem to make a difference, which takes longer than to
    run it where many tables are joined. Not for statements whose limit is a parameter, and not for words.
    """
    transaction = session.sync_session.get_transaction()
    if transaction is not None and session.info.get(_KEEPS_PLANS) is transaction:
        yield
        return
    more = {"enable_hashjoin": "off"} if in_order else {}
    async with settings_of_transaction(session, plan_cache_mode="force_generic_plan", **more):
        yield


async def keep_plans(session: AsyncSession) -> None:
    """As :func:`planned_once`, from here to the end of the session's transaction."""
    await (await session.connection()).exec_driver_sql("set local plan_cache_mode = force_generic_plan")
    session.info[_KEEPS_PLANS] = session.sync_session.get_transaction()


async def is_writable(session: AsyncSession) -> bool:
    """False on a standby, and where the server makes every transaction read-only: it says so itself."""
    settings = (await _connection(session)).get_settings()
    return "on" not in {getattr(settings, name, "off") for name in ("in_hot_standby", "default_transaction_read_only")}


@contextmanager
def _as_store_errors(connection: Any) -> Iterator[None]:
    """asyncpg's errors as those of SQLAlchemy, without the statement and its values.

    An internal one means that the server went away in the middle of something: nobody can use that connection again.
    """
    try:
        yield
    except asyncpg.PostgresError as error:
        kind = {"22": DataError, "23": IntegrityError}.get((error.sqlstate or "")[:2], DBAPIError)
        raise kind(None, None, error) from error
    except asyncpg.InterfaceError as error:
        raise InterfaceError(None, None, error) from error
    except (OSError, TimeoutError, asyncpg.InternalClientError) as error:
        connection.terminate()
        raise OperationalError(None, None, error) from error


# Parameters


def text_of(name: str) -> BindParameter[str]:
    return bindparam(name, type_=Text())


def texts_of(name: str) -> BindParameter[Any]:
    kind: Any = ARRAY(Text())
    return bindparam(name, type_=kind)


def instant_of(name: str) -> BindParameter[Any]:
    return bindparam(name, type_=TIMESTAMP(timezone=True))


def day_of(name: str) -> BindParameter[Any]:
    return bindparam(name, type_=Date())


def number_of(name: str) -> BindParameter[int]:
    return bindparam(name, type_=Integer())


def without_workflow(model: Any, order: Any) -> Prebuilt:
    """Ids of at most ``limit`` rows whose workflow wasn't started, in that order."""
    return Prebuilt(select(model.id).where(~model.workflow_started).order_by(order).limit(number_of("limit")))


# JSON


def json_object(**columns: Any) -> ColumnElement[Any]:
    """An object with these columns, in this order."""
    pairs: list[Any] = []
    for name, column in columns.items():
        pairs += [literal_column(f"'{name}'"), column]
    return func.json_build_object(*pairs)


def json_list(value: ColumnElement[Any], *order: Any) -> ColumnElement[Any]:
    """The values of all rows in this order; an empty list where there are none. To be selected."""
    return func.coalesce(func.json_agg(aggregate_order_by(value, *order)), literal_column("'[]'::json"))


def instant_json(column: Any) -> ColumnElement[str]:
    """An instant as it is written on the wire: ``2026-11-23T07:30:00Z``, with six digits of a second's fraction."""
    written = func.to_char(func.timezone("UTC", column), 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
    return func.replace(written, ".000000Z", "Z")


# What makes an ETag


def row_mark(table: Any, *key: Any) -> ColumnElement[int]:
    """A number that names this version of the row: PostgreSQL keeps which transaction wrote each version."""
    name = table.__tablename__
    version = cast(literal_column(f"{name}.xmin"), Text)
    return func.hashtextextended(func.concat_ws(":", literal_column(f"'{name}'"), *key, version), literal_column("0"))


def state_of(mark: ColumnElement[int], *parts: Select[Any] | ColumnElement[int]) -> ColumnElement[int]:
    """A number that changes with the row's mark and with each of the ``parts``: numbers, or sums that are selected."""
    total: ColumnElement[Any] = cast(mark, Numeric)
    for part in parts:
        number: Any = part.scalar_subquery() if isinstance(part, Select) else part
        total = total + func.coalesce(number, literal_column("0"))
    return cast(func.mod(func.abs(total), literal_column("1000000000000000")), BigInteger).label("state")
