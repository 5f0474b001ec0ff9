"""One file per use case: the command, and its handler, which runs in the caller's transaction.

Each handler locks in one global order (case, agreement, project, series), reads the clock under the lock that orders the act, lets the
domain decide, saves, and records the events on the transaction.
"""
