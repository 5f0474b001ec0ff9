"""How a rule says no."""


class Refused(Exception):  # noqa: N818 - an answer, not an error
    """`code` is stable and part of the API; it stands with its sentence in three languages in the service's
    problems.toml.
    """

    def __init__(self, code: str, **facts: object) -> None:
        super().__init__(code)
        self.code, self.facts = code, facts


class Unknown(Refused):
    """No such thing in the granted districts. A foreign one looks like a missing one."""

    def __init__(self) -> None:
        super().__init__("not-found")
