"""Rules about messages: recipients, time, wording, and what an outcome means. Pure: no database, no
network, no clock.
"""
