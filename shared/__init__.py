"""What the four services share: the contract (events), refusals, the kit (messaging, service), logs, metrics and traces (telemetry), and
what every page needs (web).
"""
