.PHONY: setup demo test test-clusters lint types units check clean
.DELETE_ON_ERROR:

PYTHON ?= python3
BIN := .venv/bin
DEMO ?= demo

# Every file that setup installs has its version and hash in there; `python3 .ci/renew.py` writes them anew.
LOCKED := .ci/requirements
PIP := $(BIN)/python -m pip --disable-pip-version-check
# Modules are compiled when they are first imported: most never are. What is compiled is kept, whatever the environment
# says: else every worker and every process of a test would compile torch and Ray anew, in three times their time.
unexport PYTHONDONTWRITEBYTECODE
INSTALL := $(PIP) install --quiet --no-compile --no-deps --no-build-isolation

# Remade only when what is to be installed changes; otherwise nothing happens.
STAMP := .venv/.installed
TOOLS := .venv/.tools

setup: $(STAMP) $(TOOLS)

$(STAMP): pyproject.toml $(filter-out $(LOCKED)/test.txt,$(wildcard $(LOCKED)/*.txt))
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed; say which with make PYTHON=...")'
	$(PYTHON) -m venv .venv
	$(INSTALL) --require-hashes -r $(LOCKED)/build.txt
	$(INSTALL) --require-hashes -r $(LOCKED)/torch-cpu.txt 2>/dev/null || $(INSTALL) --require-hashes -r $(LOCKED)/torch.txt
	if $(BIN)/python -c 'from importlib.metadata import requires; exit(not any("nvidia" in need for need in requires("torch")))'; \
	then $(INSTALL) --require-hashes -r $(LOCKED)/torch-gpu.txt; fi
	$(INSTALL) --require-hashes -r $(LOCKED)/run.txt
	$(INSTALL) --editable .
	$(PIP) check
	touch $@

# What tests and checks need besides: the demo does without.
$(TOOLS): $(STAMP) $(LOCKED)/test.txt
	DS_BUILD_OPS=0 $(INSTALL) --require-hashes -r $(LOCKED)/test.txt
	$(PIP) check
	touch $@

demo: $(STAMP)
	$(BIN)/piesweep run quickstart --store $(DEMO)/store
	$(BIN)/piesweep verify $(DEMO)/store
	$(BIN)/piesweep report $(DEMO)/store --out $(DEMO)/report

# No cache: a kept verdict on the order of imports does not know which modules have come since.
lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check --no-cache .
	$(BIN)/lint-imports

types: setup
	$(BIN)/mypy

# What starts real clusters, kills processes or drives a browser is left to test-clusters.
REAL := cluster or chaos or browser
FILES := --dist loadfile --numprocesses
# Side by side: what checks the code takes one core, which would leave another idle.
test: setup
	$(MAKE) --no-print-directory --jobs 3 lint types units

# Stores of these tests lie in memory where 4 GB of it are shared: what is forced to a disk there is waited for, by one
# of two processes. That everything is forced, and in which order, tests find at the calls.
IN_MEMORY := $(shell test "$$(df --output=avail --block-size=1G /dev/shm 2>/dev/null | tail -1)" -ge 4 2>/dev/null && echo TMPDIR=/dev/shm)

# The order is that of tests/conftest.py: the long ones first.
units: setup
	$(IN_MEMORY) $(BIN)/pytest $(FILES) 2 --no-loadscope-reorder -o tmp_path_retention_count=1 -m "not ($(REAL))"

# UNTIL bounds the time: see tests/conftest.py, as for the order.
test-clusters: setup
	$(BIN)/pytest $(FILES) 2 --no-loadscope-reorder -m "$(REAL)" tests/browser tests/chaos tests/cluster \
	    $(if $(UNTIL),--begin-until $(UNTIL))

clean:
	rm -rf .venv $(DEMO) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
