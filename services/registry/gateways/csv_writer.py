"""A csv by the template: its two tables below each other, the buildings first, so that the longer one can grow downwards.

Invariant: csv_file.py reads the result as the original rows. A Chinese spreadsheet reads it correctly too, because of the
byte-order mark: without it, it takes UTF-8 for GBK.
"""

import csv
import io
from collections.abc import Iterable, Mapping
from typing import IO

from services.registry.domain.template import BUILDINGS, HOLDERS


def write(
    file: IO[bytes], *, holders: Iterable[Mapping[str, object]] = (), buildings: Iterable[Mapping[str, object]] = ()
) -> None:
    """Without rows, the result is the template itself."""
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="", write_through=True)
    rows = csv.writer(text)
    for columns, lines in ((BUILDINGS, buildings), (HOLDERS, holders)):
        if columns is HOLDERS:
            rows.writerow([])
        rows.writerow([column.header + "*" * column.required for column in columns])
        rows.writerows([line.get(column.name) for column in columns] for line in lines)
    text.detach()
