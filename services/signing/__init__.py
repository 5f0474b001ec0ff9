"""Signing: from a case to an agreement in force.

Owns: cases, rights as confirmed, mandates, agreements with their terms and signatures, sequence numbers, the count over the frozen roll,
      threshold, declaration of effect, the end of a period; under which name, roles and staff number a login acts.
Emits: signing-case (keyed by unit): case opened; rights reviewing, confirmed, disputed; agreement drafted, revised, reviewed, returned,
      locked, unlocked, preregistered, superseded, signed, rescinded, void, effective, performed. signing-project (keyed by project):
      threshold reached, effect declared, period closed, day closed.
Consumes: registry-project, registry-unit, registry-group.
Never: stores phone or identity numbers, full names, or asks another service anything.
"""
