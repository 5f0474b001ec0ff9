"""Reporting: the read models behind every screen.

Owns: read models only. The wall, the unit grid, rates on every basis, the latest signings, the districts side by side, the feed number.
Emits: nothing. Consumes: registry-district, -project, -unit, -group, signing-case, signing-project, by one consumer `reporting`.
Never: accepts a command about the business; asks another service; stores data that cannot be rebuilt from offset 0 of its topics.
"""
