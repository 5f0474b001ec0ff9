"""Routes: request to command to answer. No rule, no SQL."""

from services.registry.api.imports import imports
from services.registry.api.people import people
from services.registry.api.projects import projects
from services.registry.api.units import units

BLUEPRINTS = (projects, units, people, imports)
