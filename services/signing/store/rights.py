"""Rights as rows: all shares of a unit have one denominator, so that the database can sum them."""

from collections.abc import Iterable
from fractions import Fraction
from typing import Any, cast

from services.signing.domain.rights import Holder, Rights
from shared.events.terms import Ownership


def rows(rights: Rights, **key: object) -> list[dict[str, object]]:
    """Raises Refused: shares-too-fine, which the domain normally rejects earlier."""
    whole = rights.whole()
    return [
        {
            **key,
            "person_id": holder.person_id,
            "position": position,
            "name": holder.name,
            "kind": holder.kind,
            "capable": holder.capable,
            "parts": None if holder.share is None else int(holder.share * whole),
            "whole": None if holder.share is None else whole,
            "written": holder.written,
        }
        for position, holder in enumerate(rights.holders, start=1)
    ]


def read(ownership: str, holders: Iterable[Any]) -> Rights:
    return Rights(
        cast("Ownership", ownership),
        tuple(
            Holder(row.person_id, row.name, share(row.parts, row.whole), row.kind, row.capable, row.written)
            for row in sorted(holders, key=lambda row: row.position)
        ),
    )


def share(parts: int | None, whole: int) -> Fraction | None:
    return None if parts is None else Fraction(parts, whole)
