"""An amount in the capitals of a contract (人民币大写), as the rules for filling in payment documents want it.

Invariant: it is computed from whole fen; a run of zeros between digits is one 零; 整 stands after 元 only, never after 角 or 分.
Where the rules leave a 零 to the writer it is written before 分 and between groups, and left out before 角.
Held by tests/unit/signing/test_capitals.py.
"""

_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_UNITS = ("仟", "佰", "拾", "")
_GROUPS = ((10**8, "亿"), (10**4, "万"))


def capitals(fen: int) -> str:
    """5519720 gives 伍万伍仟壹佰玖拾柒元贰角."""
    if fen < 0:
        raise ValueError("an amount of an agreement is never negative")
    yuan, rest = divmod(fen, 100)
    jiao, last = divmod(rest, 10)
    if not rest:
        return f"{_number(yuan) or '零'}元整"
    words = f"{_number(yuan)}元" if yuan else ""
    if jiao:
        words += f"{_DIGITS[jiao]}角"
    elif yuan:
        words += "零"
    return f"{words}{_DIGITS[last]}分" if last else words


def _number(value: int) -> str:
    """Nothing for 0. A lower group that does not fill its places begins with 零."""
    for size, name in _GROUPS:
        if value >= size:
            upper, lower = divmod(value, size)
            gap = "零" if lower and (lower < size // 10 or upper % 10 == 0) else ""
            return f"{_number(upper)}{name}{gap}{_number(lower)}"
    return _thousands(value)


def _thousands(value: int) -> str:
    words, gap = "", False
    for digit, unit in zip(f"{value:04d}", _UNITS, strict=True):
        if digit == "0":
            gap = bool(words)
            continue
        words += f"{'零' if gap else ''}{_DIGITS[int(digit)]}{unit}"
        gap = False
    return words
