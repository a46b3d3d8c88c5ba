# `make` alone explains itself. Everything runs in .venv, made from the exact versions of requirements.lock.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
SPARK_VENV := .venv-spark
SPARK_STAMP := $(SPARK_VENV)/.installed
DEMO ?= demo
ARGS ?=
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export DAGSTER_DISABLE_TELEMETRY := 1
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-spark proof check format docs screenshots dev bench lock build clean

help: ## show this list
	@echo "persona_pipeline: two commands do everything: make demo, make test"
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## create .venv and install what requirements.lock names

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "needs Python 3.11 or newer, found $$($(PYTHON) -V 2>&1); say which: make PYTHON=python3.11 ..."; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing into $(VENV) (once)"
	@$(BIN)/python -m pip install --quiet -r requirements.lock
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $(STAMP)

demo: $(STAMP) ## generate a shop, run everything, show its personas; leaves DIR demo/ (DEMO=, ARGS="--customers 500")
	$(BIN)/persona demo $(DEMO) $(ARGS)

test: $(STAMP) ## run the tests (ARGS="-k ledger" for some)
	$(BIN)/python -m pytest -q -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder $(ARGS)

test-spark: $(SPARK_STAMP) ## run the tests of the Spark engine in their own .venv-spark; needs Java 17
	$(SPARK_VENV)/bin/python -m pytest -q -rs persona_pipeline_tests/spark $(ARGS)

$(SPARK_STAMP): requirements-spark.lock pyproject.toml
	@test -x $(SPARK_VENV)/bin/python || $(PYTHON) -m venv $(SPARK_VENV)
	@echo "installing into $(SPARK_VENV) (once)"
	@$(SPARK_VENV)/bin/python -m pip install --quiet -r requirements-spark.lock
	@$(SPARK_VENV)/bin/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $(SPARK_STAMP)

proof: $(STAMP) ## run the large checks, which take long
	$(BIN)/python -m pytest -q -m proof $(ARGS)

check: $(STAMP) ## lint, format, types, import rules, generated pages
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/python -m persona_pipeline.contracts.dictionary --check
	$(BIN)/python -m persona_pipeline.features.documentation --check

format: $(STAMP) ## format the code and mend what ruff can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(STAMP) ## write docs/dictionary.md and docs/features.md from the contracts and the catalogue
	$(BIN)/python -m persona_pipeline.contracts.dictionary
	$(BIN)/python -m persona_pipeline.features.documentation

screenshots: $(STAMP) ## take docs/images from the demo project; needs Chromium (DEMO=)
	$(BIN)/python -m persona_pipeline_tests.end_to_end.screenshots $(DEMO) docs/images

dev: $(STAMP) ## open the demo project in the Dagster UI
	$(BIN)/persona ui --project $(DEMO)

bench: $(STAMP) ## run every benchmark at its small size (ARGS= for the full one)
	@set -e; for file in bench/*.py; do echo "== $$file"; $(BIN)/python $$file $(if $(ARGS),$(ARGS),--small); done

lock: $(STAMP) ## write the two lock files anew from the ranges in pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-emit-index-url --upgrade \
	  --extra dev --extra mongo --extra postgres --custom-compile-command "make lock" --output-file requirements.lock pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-emit-index-url --constraint requirements.lock \
	  --extra dev --extra mongo --extra postgres --extra spark --custom-compile-command "make lock" \
	  --output-file requirements-spark.lock pyproject.toml

build: $(STAMP) ## build the wheel into dist/
	$(BIN)/python -m hatchling build --target wheel

clean: ## remove .venv, caches, build results and the demo project
	rm -rf $(VENV) $(SPARK_VENV) $(DEMO) dist .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
