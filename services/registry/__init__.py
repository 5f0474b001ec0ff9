"""The registry: units, their right-holders, and the groups that answer for them.

Owns: districts, projects, compounds, buildings, stairwells, units, households, right-holders, tenants, contacts, signing groups,
officers, assignments; imports, corrections, exports; the frozen roll; personal data and its keys; agencies, their grants and endpoints.
Emits: district.opened, project.opened, unit.registered, group.formed, unit.assigned, roll.frozen, contact.recorded, key.wrapped,
key.deleted, agency.registered, grant.proposed, grant.approved, grant.revoked, endpoint.registered, endpoint.removed.
Consumes: notify's key.dropped, which confirms that a reader has forgotten a person.
Never: decides about agreements; gives a readable name, number or address from the vault to anyone who gave no reason.
"""
