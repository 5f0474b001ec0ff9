"""An uploaded file: a workbook or a csv, by its file name. Both give the template's two tables through one interface."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import IO, Protocol

from services.registry.domain.cells import Fault
from services.registry.gateways import csv_file, workbook
from services.registry.gateways.workbook import Row

_CSV = ".csv"


class Table(Protocol):
    def rows(self) -> Iterator[Row]: ...
    def faults(self) -> Iterator[Fault]: ...


class Book(Protocol):
    def sheet(self, name: str) -> Table: ...
    def rows_expected(self) -> int: ...


def reading(file: IO[bytes], *, name: str) -> AbstractContextManager[Book]:
    """Raises Refused: what workbook.reading and csv_file.reading raise."""
    return csv_file.reading(file) if name.lower().endswith(_CSV) else workbook.reading(file)


def inspect(file: IO[bytes], *, name: str) -> None:
    """Quick checks during the upload. Raises Refused: what workbook.inspect and csv_file.inspect raise."""
    return csv_file.inspect(file) if name.lower().endswith(_CSV) else workbook.inspect(file)
