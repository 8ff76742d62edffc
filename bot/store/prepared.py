"""Statements that run in each interception: written as SQLAlchemy Core, compiled once, run on the driver itself.

A small statement costs three to four times as much by way of `Connection.execute` as it costs SQLite; the rest makes
contexts and results that these do not need (`docs/benchmarks.md`). What comes out is the same: the types' own
processors on both ways, SQLAlchemy's rows, SQLAlchemy's exceptions, in the same transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Delete, Dialect, Insert, Row, Select, Update
from sqlalchemy.engine import result_tuple
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.compiler import SQLCompiler

Statement = Select[Any] | Insert | Update | Delete
Process = Callable[[Any], Any]
Values = Mapping[str, Any]


class Prepared:
    """One statement. Its values are its `bindparam`s; of an INSERT its `columns`, the others get their defaults."""

    def __init__(self, statement: Statement, columns: Iterable[str] = ()) -> None:
        self._statement = statement
        self._columns = list(columns)
        self._plans: dict[str, _Plan] = {}

    def first(self, connection: Connection, values: Values) -> Row[Any] | None:
        """The first row, or None."""
        plan = self._plan(connection)
        cursor = _execute(connection, plan.sql, plan.bind(values))
        raw = cursor.fetchone()
        cursor.close()
        return None if raw is None else plan.row(raw)

    def all(self, connection: Connection, values: Values) -> list[Row[Any]]:
        """All rows."""
        plan = self._plan(connection)
        cursor = _execute(connection, plan.sql, plan.bind(values))
        rows = [plan.row(raw) for raw in cursor.fetchall()]
        cursor.close()
        return rows

    def value(self, connection: Connection, values: Values) -> Any:
        """The first column of the first row, or None."""
        row = self.first(connection, values)
        return None if row is None else row[0]

    def run(self, connection: Connection, values: Values) -> int:
        """How many rows it changed."""
        plan = self._plan(connection)
        cursor = _execute(connection, plan.sql, plan.bind(values))
        changed = int(cursor.rowcount)
        cursor.close()
        return changed

    def run_each(self, connection: Connection, values: Sequence[Values]) -> None:
        """Once for each of them."""
        if len(values) == 1:
            self.run(connection, values[0])
        elif values:
            plan = self._plan(connection)
            _execute(connection, plan.sql, [plan.bind(each) for each in values], many=True).close()

    def _plan(self, connection: Connection) -> _Plan:
        dialect = connection.dialect
        plan = self._plans.get(dialect.name)
        if plan is None:
            plan = self._plans[dialect.name] = _plan(self._statement, self._columns, dialect)
        return plan


def _execute(connection: Connection, sql: str, parameters: Any, *, many: bool = False) -> Any:
    """A cursor of the driver, executed; what the driver raises is raised as SQLAlchemy would."""
    if not connection.in_transaction():
        connection.begin()
    cursor = connection.connection.cursor()
    try:
        if many:
            cursor.executemany(sql, parameters)
        else:
            cursor.execute(sql, parameters)
    except connection.dialect.loaded_dbapi.Error as problem:
        cursor.close()
        base = connection.dialect.loaded_dbapi.Error
        raise DBAPIError.instance(
            sql, None, problem, base, hide_parameters=True, dialect=connection.dialect
        ) from problem
    return cursor


@dataclass(frozen=True, slots=True)
class _Plan:
    """A statement as one driver takes it. `binds`: name, and how its value is turned; a fixed one has no name."""

    sql: str
    names: tuple[str, ...] | None
    binds: tuple[tuple[str | None, Any, Process | None], ...]
    reads: tuple[tuple[int, Process], ...]
    make: Callable[[Iterable[Any]], Row[Any]]

    def bind(self, values: Values) -> Any:
        bound = [
            fixed if key is None else values[key] if process is None else process(values[key])
            for key, fixed, process in self.binds
        ]
        return bound if self.names is None else dict(zip(self.names, bound, strict=True))

    def row(self, raw: Sequence[Any]) -> Row[Any]:
        values = list(raw)
        for place, process in self.reads:
            values[place] = process(values[place])
        return self.make(values)


def _plan(statement: Statement, columns: list[str], dialect: Dialect) -> _Plan:
    compiled = statement.compile(dialect=dialect, column_keys=columns or None)
    if compiled.post_compile_params:
        raise ValueError("an IN of plain values is spelled anew at each execution: make it of `literal`s")
    order = tuple(compiled.positiontup or ()) if compiled.positional else tuple(compiled.params)
    columns_read = list(statement.exported_columns)
    reads = (column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns_read)
    return _Plan(
        str(compiled),
        None if compiled.positional else order,
        tuple(_bind(name, compiled, statement, dialect) for name in order),
        tuple((place, process) for place, process in enumerate(reads) if process is not None),
        result_tuple([str(column.key) for column in columns_read]),
    )


def _bind(
    name: str, compiled: SQLCompiler, statement: Statement, dialect: Dialect
) -> tuple[str | None, Any, Process | None]:
    """Which value stands there: one that is given with each execution, or a fixed one."""
    parameter = compiled.binds[name]
    process = parameter.type.dialect_impl(dialect).bind_processor(dialect)
    if parameter.required:
        return name, None, process
    fixed = compiled.params[name]
    if fixed is None and isinstance(statement, Insert):
        fixed = getattr(statement.table.c[name].default, "arg", None)
    return None, fixed if process is None else process(fixed), None
