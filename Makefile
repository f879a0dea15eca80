# The commands of this project. `make help` lists them.
#
# Needs python3 (3.11 or later), pip and make. Everything is installed into .venv from hashed lock files and
# everything that is written at run time is under var/.

SHELL := /bin/sh
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# `python -m pip` of the virtual environment, or the machine's own pip aimed at it where Debian's python3-venv
# is not installed.
export PIP_DISABLE_PIP_VERSION_CHECK = 1
export PIP_NO_INPUT = 1

.PHONY: help
help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# --- Installation -----------------------------------------------------------------------------------------------

.PHONY: install
install: $(VENV)/.installed-run ## Install what the tool needs into .venv

.PHONY: install-dev
install-dev: $(VENV)/.installed-dev ## Install what the tests and style tools need, too

$(VENV)/.installed-run: requirements.lock .ci/install
	@.ci/install "$(PYTHON)" "$(VENV)" requirements.lock
	@touch $@

$(VENV)/.installed-dev: requirements-dev.lock .ci/install
	@.ci/install "$(PYTHON)" "$(VENV)" requirements-dev.lock
	@touch $@ $(VENV)/.installed-run
