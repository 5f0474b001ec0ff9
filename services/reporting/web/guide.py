"""The way in for another agency's engineer: docs/how-to/subscribe.md and the worked examples that it links, as files of /events.

Invariant: what is served is what the page links, so that no link of it is dead. A link to a file that is not served becomes plain text.
"""

import re
from functools import cache
from pathlib import Path
from typing import Final

_ROOT: Final = Path(__file__).resolve().parents[3]
_PAGE: Final = _ROOT / "docs" / "how-to" / "subscribe.md"
_EVENTS: Final = "shared/events/EVENTS.md"
_LINK: Final = re.compile(r"\[([^\]]*)\]\(\.\./\.\./([^)#]+)(#[^)]*)?\)")
_EXAMPLES: Final = "examples/"


@cache
def text() -> str:
    """With links that hold below /events."""
    return _LINK.sub(_served, _page())


@cache
def examples() -> tuple[str, ...]:
    """Their paths, from `examples/` on."""
    return tuple(sorted({path for _, path, _ in _LINK.findall(_page()) if path.startswith(_EXAMPLES)}))


def example(path: str) -> str:
    """`path`: one of `examples`."""
    return (_ROOT / path).read_text(encoding="utf-8")


def _served(link: re.Match[str]) -> str:
    words, path, anchor = link[1], link[2], link[3] or ""
    if path.startswith(_EXAMPLES):
        return f"[{words}]({path})"
    return f"[{words}](EVENTS.md{anchor})" if path == _EVENTS else words


def _page() -> str:
    return _PAGE.read_text(encoding="utf-8")
