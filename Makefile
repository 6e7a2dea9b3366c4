# Two commands for newcomers: `make run` and `make test`. Everything they need comes with them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
WEB_SOURCES := $(shell find web -type f -not -path 'web/node_modules/*' -not -path 'web/test-results/*' 2>/dev/null)

.DEFAULT_GOAL := help
.PHONY: help run demo test check format bench soak lock clean web

help: ## Show this list
	@awk -F':.*## ' '/^[a-z]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/run.stamp api/static/index.html ## Install, serve the console with the demo region on http://127.0.0.1:8000
	@$(BIN)/chuanyu demo

demo: run ## Same as run

test: $(VENV)/test.stamp api/static/index.html ## Install what the tests need and run them all
	@$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

check: $(VENV)/test.stamp ## Format, lint, types and import contracts
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python web/build.py --check

format: $(VENV)/test.stamp ## Put the code into its format
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

bench: $(VENV)/test.stamp ## Benchmarks of speed and memory; figures are explained in docs/benchmarking.md
	@$(BIN)/python -m tests.benchmarks

web: api/static/index.html ## Build the web page

lock: $(VENV)/test.stamp ## Renew the pinned, hashed requirements
	@$(PIP) install --quiet uv
	@$(BIN)/uv pip compile pyproject.toml --extra test --extra postgres --group build --universal --python-version 3.11 \
	    --generate-hashes --no-emit-index-url --no-annotate --no-header --quiet --upgrade -o requirements-test.lock
	@$(BIN)/uv pip compile pyproject.toml --group build --universal --python-version 3.11 -c requirements-test.lock \
	    --generate-hashes --no-emit-index-url --no-annotate --no-header --quiet --upgrade -o requirements.lock

clean: ## Remove what was built; data in var/ stays
	rm -rf $(VENV) api/static web/node_modules build dist .mypy_cache .ruff_cache .pytest_cache

$(VENV)/made.stamp:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "chuanyu needs Python 3.11 or newer (this is " + sys.version.split()[0] + "); try: make PYTHON=python3.12")'
	@echo "chuanyu: making the environment in $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)
	@touch $@

api/static/index.html: $(WEB_SOURCES) | $(VENV)/run.stamp
	@echo "chuanyu: building the web page (half a minute the first time) ..."
	@$(BIN)/python web/build.py
	@touch $@

$(VENV)/run.stamp: requirements.lock pyproject.toml | $(VENV)/made.stamp
	@echo "chuanyu: installing what it needs, about 500 MB (one to three minutes the first time) ..."
	@$(PIP) install --quiet --require-hashes -r requirements.lock
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/test.stamp: requirements-test.lock pyproject.toml | $(VENV)/made.stamp
	@echo "chuanyu: installing what the tests need ..."
	@$(PIP) install --quiet --require-hashes -r requirements-test.lock
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@ $(VENV)/run.stamp
