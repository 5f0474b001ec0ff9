"""The digest of an agreement's terms as a square that a camera reads: the paper and the screen have the same one."""

import segno
from markupsafe import Markup

_QUIET = 2  # modules around it, on white paper


def code(digest: str) -> Markup:
    """The whole digest in capitals, so that the code has as few modules as it can. Level M survives a fold in the paper."""
    drawn = segno.make(digest.upper(), error="m", micro=False, boost_error=False)
    square = drawn.svg_inline(
        omitsize=True, border=_QUIET, svgclass=None, lineclass=None, title=f"校验码 {digest[:16].upper()}"
    )
    return Markup(square.replace("<svg ", '<svg role="img" ', 1))  # noqa: S704 - made here from 64 hexadecimal digits
