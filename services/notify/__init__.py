"""Notify: tells the people concerned, once, in their language, at an hour that may be.

Owns: templates, messages with their tries and receipts; what it was told of projects, units and right-holders;
contacts and keys, sealed. Emits: notify-message (keyed by unit): message planned, sent, failed, unknown. notify-key
(keyed by person): key dropped. Consumes: registry-project, registry-unit, registry-contact, registry-key,
signing-case. Never: asks another service anything, keeps a readable address, sends again what may already have
arrived.
"""
