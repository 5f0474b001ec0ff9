"""Routes: request to command to answer. No rule, no SQL."""

from services.registry.api.agencies import agencies
from services.registry.api.corrections import corrections
from services.registry.api.endpoints import endpoints, own_grants
from services.registry.api.exports import exports
from services.registry.api.groups import groups
from services.registry.api.imports import imports
from services.registry.api.people import people
from services.registry.api.places import places
from services.registry.api.projects import projects
from services.registry.api.units import units

BLUEPRINTS = (projects, places, groups, units, corrections, people, imports, exports, agencies, endpoints, own_grants)
