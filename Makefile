# `make run` is the one command to try the bot with; the others are for those who change it.
# Needs Python 3.11 or newer, git and make; everything else comes pinned, into .venv.

.DEFAULT_GOAL := help
.PHONY: help setup dev run test lint bench lock picture wheel
SHELL := /bin/sh

BIN := .venv/bin
PYTHON := $(BIN)/python
UPGRADE :=
# Readable anywhere: no address of a package index gets into a lock file (tests/house reads them).
COMPILE = $(BIN)/uv pip compile -q $(UPGRADE) --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-header --no-annotate

help: ## what there is
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

setup: .venv/.setup ## what the bot needs to run, in .venv
.venv/.setup: requirements.lock requirements-build.lock pyproject.toml scripts/setup.sh
	@sh scripts/setup.sh run
	@touch $@

dev: .venv/.dev ## and what its tests need
.venv/.dev: .venv/.setup requirements-dev.lock
	@sh scripts/setup.sh dev
	@touch $@

run: setup ## the whole house with simulated carriers, without any credential
	@exec $(BIN)/intercept-bot demo

# Three at a time on two cores: many tests wait for time to pass.
test: dev ## all tests
	@$(PYTHON) -m tests.browser
	@$(PYTHON) -m pytest -n 3 --dist worksteal

lint: dev ## style, types, and the arrows between the rooms
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(PYTHON) -m pytest -q -p no:cacheprovider tests/house/test_arrows.py

bench: dev ## the measured goals
	@$(PYTHON) -m benchmarks

lock: dev ## pin again; UPGRADE=--upgrade takes the newest
	$(COMPILE) requirements-dev.in -o requirements-dev.lock
	$(COMPILE) -c requirements-dev.lock requirements.in -o requirements.lock
	$(COMPILE) -c requirements-dev.lock requirements-build.in -o requirements-build.lock

picture: dev ## draw the rooms again in README.md
	@$(PYTHON) -m tests.house.picture --write

wheel: dev ## dist/*.whl
	@$(PYTHON) -m build --wheel --no-isolation
