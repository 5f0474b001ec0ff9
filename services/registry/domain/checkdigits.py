"""Check characters: they detect a wrong digit or two digits in the wrong order.

ISO 7064 MOD 11-2 stands at the end of citizen IDs (GB 11643), modulus 31 at the end of unified social credit codes (GB 32100).
Held by tests/unit/registry/test_documents.py.
"""

_MOD_11_2 = "10X98765432"
_GB_32100 = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # no I, O, S, V, Z: they are taken for digits


def mod_11_2(body: str) -> str:
    """The check character of 17 digits."""
    weights = (pow(2, place, 11) for place in range(len(body), 0, -1))
    return _MOD_11_2[sum(int(digit) * weight for digit, weight in zip(body, weights, strict=True)) % 11]


def mod_31(body: str) -> str:
    """The check character of the first 17 characters of a credit code. Raises ValueError for a letter that it has not."""
    total = sum(_GB_32100.index(character) * pow(3, place, 31) for place, character in enumerate(body))
    return _GB_32100[-total % 31]
