# Thin targets: each says what to run, the tools do the work. `make run` and `make test` need git, make and Python 3.11+.

PYTHON ?= python3
BIN := .venv/bin
PY := $(BIN)/python
SOURCES := $(shell find static/src static/index.html -type f 2>/dev/null) vite.config.ts tsconfig.json
export PATH := $(CURDIR)/$(BIN):$(PATH)
NODE_PATH = $$($(PY) tools/find_node.py)

.PHONY: run test test-python test-front test-browser lint format bench docs laws lock clean setup

run: .venv/run.stamp static/dist/.stamp
	$(PY) manage.py migrate --verbosity 0
	$(PY) tools/serve.py

test: lint test-front test-python

test-python: .venv/dev.stamp static/dist/.stamp
	$(PY) -m pytest -n auto --dist loadgroup --ignore tests/browser
	$(MAKE) test-browser

test-front: node_modules/.stamp
	PATH="$(NODE_PATH):$$PATH" npm run --silent test

test-browser: .venv/dev.stamp static/dist/.stamp
	BROWSER_PATH=$$($(PY) tools/find_browser.py --install) $(PY) -m pytest -n 2 --reruns 1 --reruns-delay 1 tests/browser

lint: .venv/dev.stamp node_modules/.stamp
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	PATH="$(NODE_PATH):$$PATH" npm run --silent typecheck
	PATH="$(NODE_PATH):$$PATH" npm run --silent lint

format: .venv/dev.stamp
	$(BIN)/ruff check --fix .

bench: .venv/dev.stamp
	$(PY) -m benchmarks

docs: .venv/dev.stamp
	$(PY) tools/make_docs.py
	$(PY) tools/retake_outputs.py

laws: .venv/dev.stamp
	$(PY) tools/make_laws.py

lock: .venv/dev.stamp
	$(PY) tools/lock.py
	PATH="$(NODE_PATH):$$PATH" npm install --package-lock-only

clean:
	rm -rf .venv node_modules static/dist static/collected var

setup: .venv/dev.stamp static/dist/.stamp

.venv/pip.stamp:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Backwater needs Python 3.11 or newer; name one with: make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -m venv .venv || { echo "Python's venv module is missing; on Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@touch $@

.venv/run.stamp: requirements/run.lock | .venv/pip.stamp
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/run.lock
	@touch $@

.venv/dev.stamp: requirements/dev.lock | .venv/pip.stamp
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.lock
	@touch $@ .venv/run.stamp

node_modules/.stamp: package-lock.json | .venv/run.stamp
	PATH="$(NODE_PATH):$$PATH" npm ci --silent
	@touch $@

static/dist/.stamp: node_modules/.stamp $(SOURCES)
	PATH="$(NODE_PATH):$$PATH" npm run --silent build
	@touch $@
