"""Log lines: one JSON object each on standard output, with service, role, trace id and correlation id.

Invariant: no personal data. Mobile and identity numbers are masked wherever they stand, and the DETAIL and CONTEXT
of a database error, which quote rows, are cut out of every traceback. Names cannot be recognised: do not log them.
Left to others: shipping and keeping the lines.
"""

import logging
import re
import sys
from typing import Any

import structlog
from structlog.typing import EventDict, WrappedLogger

from shared.telemetry import tracing

_NUMBERS = re.compile(r"(?<![\d-])(?:(?:\+?86)?1[3-9]\d{9}|\d{17}[\dXx])(?![\d-])")
_QUOTED_ROWS = re.compile(r"^(?:DETAIL|CONTEXT): .*$\n?", re.MULTILINE)


def get(name: str) -> Any:  # noqa: ANN401 - structlog's lazy proxy has no type of its own
    return structlog.stdlib.get_logger(name)


def configure(*, service: str, role: str, level: str = "INFO") -> None:
    """Once per process, before anything logs. Libraries' own records come out in the same form."""

    def origin(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        return {"service": service, "role": role, **event}

    chain: list[structlog.typing.Processor] = [
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        origin,
        traced,
        structlog.processors.format_exc_info,
        masked,
    ]
    structlog.configure(
        processors=[*chain, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=chain,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    for chatty in ("kafka", "httpx", "httpcore", "werkzeug"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    # The SDK writes an error for each batch; otlp.py says it in one line.
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
    # It warns, at every connection, of a password in the clear. SCRAM never sends the password.
    logging.getLogger("kafka.net.sasl.scram").setLevel(logging.ERROR)


def traced(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    if trace := tracing.current():
        event.setdefault("trace_id", trace.trace_id)
        event.setdefault("correlation_id", trace.correlation_id)
        if trace.causation_id:
            event.setdefault("causation_id", trace.causation_id)
    return event


def masked(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    return {name: _mask(value) for name, value in event.items()}


def _mask(value: object) -> object:
    if isinstance(value, str):
        return _NUMBERS.sub("***", _QUOTED_ROWS.sub("", value))
    if isinstance(value, dict):
        return {name: _mask(item) for name, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_mask(item) for item in value]
    return value
