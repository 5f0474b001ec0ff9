"""Applies a project's decision to one agreement. The result is the same for the fan-out and for a command.

Held by tests/integration/signing/test_settling.py.
"""

from services.signing.domain.agreement import Agreement
from services.signing.domain.project import Project


def settle(agreement: Agreement, project: Project) -> bool:
    """Takes effect after a declaration, lapses after a period without the threshold. True when the agreement changed."""
    if declared := project.declaration:
        return agreement.take_effect(declared_at=declared.declared_at, document_number=declared.document_number)
    if project.lapsed and project.closing:
        return agreement.lapse(project.closing.closed_at)
    return False
