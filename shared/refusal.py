"""How a rule says no."""


class Refused(Exception):  # noqa: N818 - it is an answer, not an error
    """`code` is stable, part of the API, and stands with its sentence in three languages in the service's problems.toml."""

    def __init__(self, code: str, **facts: object) -> None:
        super().__init__(code)
        self.code, self.facts = code, facts
