"""One file per use case: what is asked, and the function that carries it out in the caller's transaction.

Each locks in the one order (case, agreement, project, series), reads the clock under the lock that orders, lets the domain decide, saves,
and writes the journal last.
"""
