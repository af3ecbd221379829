.PHONY: setup demo test lint types check clean
.DELETE_ON_ERROR:

PYTHON ?= python3
BIN := .venv/bin
DEMO ?= demo

# Remade only when what is to be installed changes; otherwise nothing happens.
STAMP := .venv/.installed

setup: $(STAMP)

$(STAMP): pyproject.toml .ci/constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed; say which with make PYTHON=...")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint .ci/constraints.txt torch
	DS_BUILD_OPS=0 $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint .ci/constraints.txt --editable '.[test,deepspeed]'
	touch $@

demo: setup
	$(BIN)/piesweep run quickstart --store $(DEMO)/store
	$(BIN)/piesweep verify $(DEMO)/store
	$(BIN)/piesweep report $(DEMO)/store --out $(DEMO)/report

lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports

types: setup
	$(BIN)/mypy

# Two at a time: those that start clusters and wait for them, and all the others.
test: lint types
	$(BIN)/pytest --numprocesses 2

clean:
	rm -rf .venv $(DEMO) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
