"""Pure rules for screens: rates with their basis, the line of the day, the facets on the pages."""
