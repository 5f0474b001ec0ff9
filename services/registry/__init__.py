"""The registry: what there is, who owns it, and who looks after whom.

Owns: districts, projects, compounds, buildings, stairwells, units, households, right-holders, tenants, contacts, signing groups,
officers, assignments; imports, corrections, exports; the frozen roll; personal data and its keys.
Emits: district.opened, project.opened, unit.registered, group.formed, unit.assigned, roll.frozen, contact.recorded, key.wrapped,
key.deleted.
Consumes: notify's key.dropped, which confirms that a reader has forgotten a person.
Never: decides about agreements; lets a readable name, number or address leave the vault, but to a person who said why.
"""
