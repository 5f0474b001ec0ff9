"""The seven dashboards, the one source of them. Every query is run against a Prometheus that has scraped the running platform:
tests/e2e/test_the_dashboards.py.
"""

from typing import Final

from deploy.grafana.districts import CITY, DISTRICT
from deploy.grafana.events import MESSAGES, PIPELINE
from deploy.grafana.machines import DESK, MACHINES, OBJECTIVES

BOARDS: Final = (CITY, DISTRICT, PIPELINE, MESSAGES, DESK, MACHINES, OBJECTIVES)
