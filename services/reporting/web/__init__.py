"""The pages: wall, map, city, daily report, figures, displays; the catalogue and an agency's pages; what was taken; what is parked.

Rendered on the server; the stream updates wall, map and city.
"""
