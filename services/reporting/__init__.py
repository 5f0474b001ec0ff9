"""Reporting: the read models behind every screen, and the door for other systems.

Owns: read models, which `rebuild` makes again from the topics: projects, units, cases, counts, closed days, agencies with their grants
and endpoints. Records, which `rebuild` does not make again and a backup restores: the feed, the exchange log, daily reports, the grants
of displays, deliveries with their attempts, the condition of endpoints, statements and their keys, what was taken.
Emits: nothing. Consumes: every topic that is not restricted, by one consumer `reporting`.
Never: accepts a command about the business; asks another service.
"""
