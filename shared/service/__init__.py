"""The service kit: what every process of every service does alike, from the first request header to the last log line.

Admission: two services run it today, both would break if their copies differed, and it knows no business noun.
"""
