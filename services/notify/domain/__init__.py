"""Rules about messages: who is told what, when, in which words, and what an outcome means. Pure: no database, no
network, no clock.
"""
