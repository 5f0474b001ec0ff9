"""The people of the demo: each asks over HTTP, with a token of the local issuer, under keys that make a second run harmless."""

import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Self

import httpx

from deploy.demo import screen
from deploy.local.issuer import mint
from deploy.local.place import Place

PATIENCE_SECONDS = 180.0  # on a machine that builds and tests at the same time
_NOT_NOW = (
    httpx.codes.TOO_MANY_REQUESTS,
    httpx.codes.BAD_GATEWAY,
    httpx.codes.SERVICE_UNAVAILABLE,
    httpx.codes.GATEWAY_TIMEOUT,
)
_BUSY_SECONDS = 60.0  # for which a service may answer that it cannot now, or the front door not at all
_AGAIN_SECONDS = 1.0


class Stuck(Exception):  # noqa: N818 - it reads as the sentence it is printed in
    """Why the demo cannot go on, in one line for a person."""


class Refusal(Stuck):
    """A request that a service refused. `problem` is the answer: code, title, what to do next."""

    def __init__(self, request: str, answer: httpx.Response) -> None:
        is_problem = answer.headers.get("content-type", "").startswith("application/problem+json")
        problem: Mapping[str, Any] = answer.json() if is_problem else {}
        words = " · ".join(problem[name] for name in ("code", "title", "next") if problem.get(name))
        super().__init__(f"{request}: {answer.status_code} {words or answer.text[:300]}")
        self.problem = problem or {"title": str(self)}


class Person:
    """`role` in `district`, `*` = the city, who reads `language` if they say so. Answers of refused requests become Refusal.

    `front`: through the front door, as a browser goes; otherwise to the services' own ports. `patience_seconds`: for which a request
    that gets no answer is sent again, as a page does. None has a second effect: each act has a key.
    """

    def __init__(  # noqa: PLR0913 - who, where, and how they ask
        self,
        place: Place,
        role: str,
        district: str,
        name: str = "",
        *,
        language: str = "",
        front: bool = False,
        patience_seconds: float = _BUSY_SECONDS,
    ) -> None:
        token = mint(place.local_dir, role=role, districts=[district], name=name or f"demo {role}")
        self.token, self._place, self._front, self._patience = token, place, front, patience_seconds
        headers = {"Authorization": f"Bearer {token}"}
        if language:  # of refusals, and of what pages and reports say
            headers |= {"Accept-Language": language, "Cookie": f"clearwater_language={language}"}
        self._http = httpx.Client(headers=headers, timeout=30, trust_env=False, verify=trusted(place))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def get(self, service: str, path: str, **query: object) -> Any:  # noqa: ANN401 - JSON
        return self._answer("GET", self._url(service, path), params=_plain(query)).json()

    def every(self, service: str, path: str, **query: object) -> Iterator[Any]:
        """All items of a list, page by page."""
        cursor: str | None = None
        while True:
            page = self.get(service, path, limit=200, **query, **({"cursor": cursor} if cursor else {}))
            yield from page["items"]
            if (cursor := page["next"]) is None:
                return

    def post(self, service: str, path: str, body: Mapping[str, Any], *, key: str) -> Any:  # noqa: ANN401 - JSON
        """The same `key` again gets the same answer and changes nothing."""
        headers = {"Idempotency-Key": key}
        return self._answer("POST", self._url(service, path), json=dict(body), headers=headers).json()

    def upload(self, service: str, path: str, file: tuple[str, bytes], *, key: str) -> Any:  # noqa: ANN401 - JSON
        headers = {"Idempotency-Key": key}
        return self._answer("POST", self._url(service, path), files={"file": file}, headers=headers).json()

    def _answer(self, method: str, url: str, **parameters: Any) -> httpx.Response:  # noqa: ANN401 - httpx's own
        patience = time.monotonic() + self._patience
        while True:
            try:
                answer = self._http.request(method, url, **parameters)
            except httpx.TransportError as failure:
                if time.monotonic() > patience:
                    raise Stuck(f"{method} {url}: {type(failure).__name__}. Is it running? `make status`") from failure
                screen.passing(f"no answer from {httpx.URL(url).netloc.decode()}, tried again")
                time.sleep(_AGAIN_SECONDS)
                continue
            if answer.status_code not in _NOT_NOW or time.monotonic() > patience:
                break
            time.sleep(float(answer.headers.get("Retry-After", "1")))
        if answer.is_error:
            raise Refusal(f"{method} {url}", answer)
        return answer

    def _url(self, service: str, path: str) -> str:
        if self._front:
            return f"{self._place.front_url}/api/{service}/v1{path}"
        return f"{self._place.url(f'{service}-api')}/api/v1{path}"


def trusted(place: Place) -> ssl.SSLContext | bool:
    """The front door's own authority, where it speaks HTTPS."""
    root = place.front_authority
    return ssl.create_default_context(cafile=str(root)) if place.tls and root.exists() else True


def wait_for(
    what: str, probe: Callable[[], Any], *, seconds: float = PATIENCE_SECONDS, every_seconds: float = 0.1
) -> Any:  # noqa: ANN401 - what it finds
    """The first true answer of `probe`. Raises Stuck with the last one."""
    patience, found = time.monotonic() + seconds, None
    while time.monotonic() < patience:
        if found := probe():
            return found
        time.sleep(every_seconds)
    raise Stuck(f"{what} did not happen within {seconds:.0f} s; last seen: {found!r}")


def _plain(query: Mapping[str, object]) -> dict[str, str]:
    return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in query.items()}
