# The commands of this project. `make help` lists them.
#
# Needs python3 (3.11 or later), pip and make. Everything is installed into .venv from hashed lock files and
# everything that is written at run time is under var/.

SHELL := /bin/sh
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TEST_PROCESSES ?= 3
export PIP_DISABLE_PIP_VERSION_CHECK = 1
export PIP_NO_INPUT = 1

.PHONY: help
help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# --- Installation -----------------------------------------------------------------------------------------------

.PHONY: install
install: $(VENV)/.installed-run ## Install what the tool needs into .venv

.PHONY: install-dev
install-dev: $(VENV)/.installed-dev ## Install what the tests and the style tools need, too

$(VENV)/.installed-run: requirements.lock .ci/install
	@.ci/install "$(PYTHON)" "$(VENV)" requirements.lock
	@touch $@

$(VENV)/.installed-dev: requirements-dev.lock .ci/install
	@.ci/install "$(PYTHON)" "$(VENV)" requirements-dev.lock
	@touch $@ $(VENV)/.installed-run

.PHONY: lock
lock: install-dev ## Renew the lock files from requirements*.in
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile $(UV_OPTIONS) -o requirements.lock requirements.in
	$(BIN)/uv pip compile $(UV_OPTIONS) -o requirements-traces.lock requirements-traces.in
	$(BIN)/uv pip compile $(UV_OPTIONS) -o requirements-dev.lock requirements-dev.in

UV_OPTIONS := --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate

# --- Running ----------------------------------------------------------------------------------------------------

.PHONY: run
run: $(VENV)/.installed-run ## Run the whole tool on this machine (WEB_PORT, DIRECTORY_PORT)
	@exec $(BIN)/python manage.py run_embedded

.PHONY: reset
reset: ## Forget everything that make run has stored
	rm -rf var

# --- Checking ---------------------------------------------------------------------------------------------------

.PHONY: test
test: $(VENV)/.installed-dev ## All checks and all tests (installs the real servers on Debian as root)
	@.ci/real-parts
	@BIN="$(BIN)" TEST_PROCESSES="$(TEST_PROCESSES)" .ci/test

.PHONY: test-postgres
test-postgres: $(VENV)/.installed-dev ## Only the tests that need PostgreSQL, on PostgreSQL
	@TEST_DATABASE=postgres $(BIN)/python -m pytest -m postgres

.PHONY: lint
lint: $(VENV)/.installed-dev ## Style, order of imports, and who may import whom
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports

.PHONY: format
format: $(VENV)/.installed-dev ## Put the files in the house style
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: types
types: $(VENV)/.installed-dev ## Types
	$(BIN)/mypy

.PHONY: audit
audit: $(VENV)/.installed-dev ## Known vulnerabilities in what is locked (says so where it cannot ask)
	$(BIN)/python tools/audit_dependencies.py requirements.lock requirements-dev.lock

.PHONY: translations
translations: $(VENV)/.installed-dev ## Collect the texts into the Swedish catalogue and compile it (needs gettext)
	$(BIN)/python manage.py makemessages -l sv --no-wrap --no-location --no-obsolete $(TEXTLESS:%=--ignore %)
	$(BIN)/python manage.py compilemessages -l sv $(TEXTLESS:%=--ignore %)

TEXTLESS := .venv var tests benchmarks docs

.PHONY: migrations-check
migrations-check: $(VENV)/.installed-dev ## Are there migrations for all changes of the tables?
	$(BIN)/python manage.py makemigrations --check --dry-run

.PHONY: bench
bench: $(VENV)/.installed-dev ## Measure; a table is printed
	@.ci/real-parts
	$(BIN)/python -m benchmarks
