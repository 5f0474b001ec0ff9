"""Notify: sends one message to each person concerned, in their language, outside quiet hours unless it is urgent.

Owns: templates, messages with their tries and receipts; copies of projects, units and right-holders from events;
contacts and keys, sealed. Emits: notify-message (keyed by unit): message planned, sent, failed, unknown. notify-key
(keyed by person): key dropped. Consumes: registry-project, registry-unit, registry-contact, registry-key,
signing-case. Never: calls another service, stores a readable address, resends a message that may have
arrived.
"""
