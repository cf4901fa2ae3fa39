# Two commands matter on a fresh Debian 12 (git, make, python3, python3-venv): make demo, make test.
# Everything lives in .venv; no step needs root, but `make test` as root installs the Debian
# packages that the tests need.

PYTHON ?= python3
ARGS ?=

VENV := .venv
RUN := $(VENV)/bin
PIP := $(RUN)/python -m pip --disable-pip-version-check --no-input
# Hashes for all, the build backend too: hence no build isolation, which would fetch it unpinned.
LOCKED := $(PIP) install -qq --require-hashes -r
OURSELVES := $(PIP) install -qq --no-deps --no-build-isolation --no-index -e .
SOURCES := $(wildcard maild tests bench tools)

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo test check bench soak pictures lock venv dev ocr packages

help: ## Show these lines
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: venv ## Show half a year of three companies, with pages to look around; nothing leaves this machine (ARGS=--once ends by itself)
	@$(RUN)/maild demo $(ARGS)

test: packages dev check ## Check the code and run all tests, with real mail servers (ARGS goes to pytest)
	$(RUN)/pytest -n 2 --dist loadfile $(ARGS)

check: dev ## Format, lint, types, import contracts, sizes; a few seconds, no tests
	$(RUN)/ruff format --check $(SOURCES)
	$(RUN)/ruff check $(SOURCES)
	$(RUN)/mypy $(SOURCES)
	$(RUN)/lint-imports
	$(RUN)/python tools/sizes.py

bench: dev ## Measure; JSON lines, each beside its peer or limit (ARGS="render intake" picks some)
	@for name in $(or $(ARGS),$(patsubst bench/%.py,%,$(wildcard bench/[a-z]*.py))); do \
		$(RUN)/python -m bench.$$name || exit 1; \
	done

soak: packages dev ## The tests that take long: kill -9 under load, a steady run (MAILD_SOAK_MINUTES=20)
	$(RUN)/pytest -m soak $(ARGS)

pictures: packages dev ## Take the pictures of the pages in docs/pictures anew, from the demo
	$(RUN)/python tools/screenshots.py $(ARGS)

lock: dev ## Write the lock files anew from pyproject.toml (ARGS=--upgrade takes newer releases)
	$(RUN)/python tools/lock.py $(ARGS)

venv: $(VENV)/.runtime ## Install what maild needs to run, into .venv

dev: $(VENV)/.dev ## Install what developing and testing need, into .venv

ocr: venv ## Install what reading scans and photos needs too (the extra maild[ocr], 500 MB), into .venv
	@$(LOCKED) requirements-ocr.lock

packages:
	@$(PYTHON) tools/debian_packages.py

$(RUN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "maild needs Python 3.11 or newer; name one: make PYTHON=python3.11"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
		{ echo "No virtual environment could be made. On Debian: apt-get install python3-venv"; exit 1; }

# One stamp a lock: installed once for each content of it. The dev lock holds the runtime lock.
$(VENV)/.runtime: requirements.lock pyproject.toml | $(RUN)/pip
	@echo "Installing into $(VENV) ..."
	@$(LOCKED) requirements.lock
	@$(OURSELVES)
	@touch $@

$(VENV)/.dev: requirements.lock requirements-dev.lock pyproject.toml | $(RUN)/pip
	@echo "Installing into $(VENV), with what the tests need ..."
	@$(LOCKED) requirements-dev.lock
	@$(OURSELVES)
	@touch $@ $(VENV)/.runtime
