"""The front door's configuration: one address for the whole system, before all services. Written from the declaration.

The same text serves the local platform and, mounted into the official image, the containers. Invariant: a request's header,
body and time are bounded, and it reaches a service when it is whole; texts are compressed, except the live streams,
which pass as they are written; forwarded headers are set here, beside a secret, and a client's own are thrown away; health and
metrics are not reachable. Left to others: what stands at which path (deploy/declaration.py).
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from deploy import declaration
from deploy.declaration import ENTRANCE, SERVICES
from deploy.kinds import Role, Service
from deploy.site import Site
from shared.events import structured

_HEADER_SECONDS, STALLED_SECONDS, _IDLE_SECONDS = 10, 20, 120
_SLOWEST_RATE = 512  # bytes a second, of a body on its way: who sends a byte now and then is given up too
_UNREAD_SECONDS = 60  # of an answer that the client does not read; the stream writes more often
_ANSWER_SECONDS = 90  # of a service, to begin its answer
_KEPT_SECONDS = (
    30  # less than a service keeps a connection (shared/service/buffering.py): none is used that it has closed
)
_AGAIN_SECONDS, _STREAM_BACK_SECONDS = 3, 15
_LONGEST_HEADER, _LARGEST_BODY, _BUFFERED = "32KB", "64MB", "1MiB"
_TEXTS = (
    "text/", "application/json", "application/problem+json", "application/x-ndjson", "application/javascript", "application/xml",
    "application/manifest+json", "image/svg+xml",
)  # fmt: skip
_POLICY = "default-src 'none'; style-src 'self'; font-src 'self'; base-uri 'none'; frame-ancestors 'none'"
FROM_ENVIRONMENT = "{env.FRONT_DOOR_SECRET}"
PAGES = Path(__file__).with_name("pages")
RUNBOOK = "/docs/runbook"


def text(  # noqa: PLR0913 - each is a place that differs between installations
    site: Site, *, files: str, pages: str, docs: str, secret: str = FROM_ENVIRONMENT, certificate: str = ""
) -> str:
    """`files`: a directory for its own authority. `pages`: where it finds the pages that it answers with by itself, `docs`: the runbook.
    `secret`: by which services know it, as Caddy reads it. `certificate`: files of a certificate and its key, where somebody
    else makes it: an orchestrator, which also sends each request to a process that lives. Without it: of its own authority.
    """
    return "\n".join(
        [
            *_global(site, files, certificate),
            *_proxy(secret, orchestrated=bool(certificate)),
            *_site(site, pages, docs, certificate),
            *_other_names(site, certificate),
            "",
        ]
    )


def _global(site: Site, files: str, certificate: str) -> list[str]:
    secure = site.front_url.startswith("https:")
    own = "off" if certificate or not secure else "disable_redirects"
    return [
        "{",
        "\tadmin off",
        "\tpersist_config off",
        f"\tauto_https {own}",
        *(["\tskip_install_trust", f"\tdefault_sni {_host(site)}"] if secure else []),
        f"\tstorage file_system {files}",
        "\tgrace_period 5s",
        "\tservers {",
        "\t\tenable_full_duplex",  # else an answer to a body that has stalled waits for the rest of it
        *(["\t\tlistener_wrappers {", "\t\t\thttp_redirect", "\t\t\ttls", "\t\t}"] if secure else []),
        "\t\ttimeouts {",
        f"\t\t\tread_header {_HEADER_SECONDS}s",
        f"\t\t\tread_body_idle {STALLED_SECONDS}s {_SLOWEST_RATE}",
        f"\t\t\twrite_idle {_UNREAD_SECONDS}s",
        f"\t\t\tidle {_IDLE_SECONDS}s",
        "\t\t}",
        f"\t\tmax_header_size {_LONGEST_HEADER}",
        "\t}",
        "\tlog {",
        "\t\toutput stderr",
        "\t\tlevel WARN",
        "\t}",
        "}",
        "",
    ]


def _host(site: Site) -> str:
    """As it is written: it may be the name of a variable."""
    return urlsplit(site.front_url).netloc.rpartition(":")[0]


def _proxy(secret: str, *, orchestrated: bool) -> list[str]:
    """(service) for all that is one request and one answer, (stream) for what goes on for hours."""
    shared = [
        "\t\theader_up -Forwarded",
        "\t\theader_up -X-Real-IP",
        "\t\theader_up -X-Forwarded-Port",
        "\t\theader_up -X-Forwarded-Prefix",
        f"\t\theader_up Clearwater-Front-Door {secret}",
        "\t\theader_down -Server",
        "\t\theader_down -Via",
    ]
    return [
        "(service) {",
        *_compressed(*_TEXTS, structured.BATCH),
        "\trequest_body {",
        f"\t\tmax_size {_LARGEST_BODY}",
        "\t}",
        "\treverse_proxy {args[:]} {",
        f"\t\trequest_buffers {_BUFFERED}",
        *_replaced(checked=not orchestrated),
        *shared,
        "\t\ttransport http {",
        "\t\t\tdial_timeout 3s",
        f"\t\t\tresponse_header_timeout {_ANSWER_SECONDS}s",
        f"\t\t\tkeepalive {_KEPT_SECONDS}s",
        "\t\t}",
        "\t}",
        "}",
        "(stream) {",
        *_compressed(structured.BATCH),  # an event must not wait in a compressor for the next one
        "\treverse_proxy {args[0]} {",
        f"\t\tlb_try_duration {_STREAM_BACK_SECONDS}s",  # a page does not ask again after a refusal
        "\t\tflush_interval -1",
        *shared,
        "\t}",
        "}",
        "",
    ]


def _compressed(*types: str) -> list[str]:
    return [
        "\tencode zstd gzip {",
        "\t\tmatch {",
        *(f"\t\t\theader Content-Type {kind}*" for kind in types),
        "\t\t}",
        "\t}",
    ]


def _replaced(*, checked: bool) -> list[str]:
    """An API is replaced while its second process works: what the first one does not take, the second one gets.

    A request that did not reach a process is sent again. One that may have reached it is sent again only where that has no second effect:
    it only reads, or its key makes it one with the first. `checked`: by Caddy, whether a process lives; else somebody else does.
    """
    checks = ["\t\thealth_uri /live", "\t\thealth_interval 1s", "\t\thealth_timeout 10s"]
    return [
        "\t\tlb_policy first",
        f"\t\tlb_try_duration {_AGAIN_SECONDS}s",
        "\t\tlb_try_interval 50ms",
        "\t\tlb_retry_match {",
        "\t\t\tmethod GET HEAD",
        "\t\t}",
        "\t\tlb_retry_match {",
        "\t\t\theader Idempotency-Key *",
        "\t\t}",
        *(checks if checked else ()),
    ]


def _site(site: Site, pages: str, docs: str, certificate: str) -> Iterator[str]:
    front = urlsplit(site.front_url)
    yield f"{front.scheme}://{front.netloc} {{"
    yield f"\tbind {site.bind}"
    if front.scheme == "https":
        yield f"\ttls {certificate or 'internal'}"
    yield "\theader -Server"
    yield from _runbook(pages, docs)
    for service in SERVICES.values():
        for role in sorted(service.roles, key=lambda role: not role.paths):
            if paths := _paths(service, role):
                process = service.process(role)
                upstreams = [process] if role.paths or certificate else [process, process + declaration.SECOND]
                yield from _handled(upstreams, paths, site, stream=bool(role.paths))
    yield from ("\thandle {", "\t\terror 404", "\t}")
    yield from _own_answers(pages)
    yield "}"


def _paths(service: Service, role: Role) -> list[str]:
    """A role with paths of its own stands before the service's first role, which takes all the rest."""
    api = f"/api/{service.name}/v1"
    if role.paths:
        return [f"{api}{path}" for path in role.paths]
    if role != service.roles[0]:
        return []
    entrance = declaration.ENTRANCE_PATHS if service.name == ENTRANCE else ()
    pages = (path for page in service.pages for path in (page, f"{page}/*"))
    return [*entrance, *pages, f"/static/{service.name}/*", f"{api}/*"]


def _handled(upstreams: Sequence[str], paths: Iterable[str], site: Site, *, stream: bool) -> list[str]:
    """The first matching block wins, so the block of the stream, some paths of an API, stands before the block of the API."""
    name = upstreams[0].replace("-", "_")
    addresses = " ".join(f"{site.host(process)}:{site.port(process)}" for process in upstreams)
    return [
        f"\t@{name} path {' '.join(paths)}",
        f"\thandle @{name} {{",
        f"\t\timport {'stream' if stream else 'service'} {addresses}",
        "\t}",
    ]


def _runbook(pages: str, docs: str) -> list[str]:
    """Where alerts lead: also while every service is down."""
    return [
        f"\t@runbook path {RUNBOOK}",
        "\thandle @runbook {",
        *_pages_headers(),
        f"\t\troot {pages}",
        "\t\trewrite /runbook.html",
        "\t\ttemplates {",
        f"\t\t\troot {docs}",
        "\t\t}",
        "\t\tfile_server",
        "\t}",
    ]


def _pages_headers() -> list[str]:
    return [
        "\t\theader Cache-Control no-store",
        "\t\theader X-Content-Type-Options nosniff",
        f'\t\theader Content-Security-Policy "{_POLICY}"',
    ]


def _own_answers(pages: str) -> list[str]:
    """Answers where no service has answered, in the format and language that the reader expects."""
    return [
        "\thandle_errors {",
        "\t\tmap {http.error.status_code} {stated} {",
        "\t\t\t503 502",  # no process of the service is healthy, as before it was asked
        "\t\t\tdefault {http.error.status_code}",
        "\t\t}",
        "\t\tmap {http.error.message} {answered} {",
        '\t\t\t"~chunk(ed)? (encoding|length|line)" 400',  # a body that no service could read: the sender's fault
        "\t\t\tdefault {stated}",
        "\t\t}",
        *_pages_headers(),
        f"\t\troot {pages}",
        "\t\t@program path /api/*",
        "\t\trewrite @program /problem.json",
        "\t\t@person not path /problem.json",
        "\t\trewrite @person /problem.html",
        "\t\theader @program Content-Type application/problem+json",
        "\t\ttemplates {",
        "\t\t\tmime text/html application/json application/problem+json",
        "\t\t}",
        "\t\tfile_server {",
        "\t\t\tstatus {answered}",
        "\t\t}",
        "\t}",
    ]


def _other_names(site: Site, certificate: str) -> list[str]:
    """Redirects other names of this machine to the one address: a cookie belongs to one name."""
    front = urlsplit(site.front_url)
    if certificate:  # the door is reached at the usual port, whichever it listens on
        return [
            f"https://:{front.port} {{",
            f"\tbind {site.bind}",
            f"\ttls {certificate}",
            f"\tredir https://{_host(site)}{{uri}}",
            "}",
        ]
    name = f"https://localhost:{front.port}" if front.scheme == "https" else f"http://:{front.port}"
    secure = ["\ttls internal"] if front.scheme == "https" else []
    return [f"{name} {{", f"\tbind {site.bind}", *secure, f"\tredir {site.front_url}{{uri}}", "}"]
