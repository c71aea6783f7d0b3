# Every target sets up .venv by itself; nothing is done twice. PYTHON names the interpreter of a new .venv.
PYTHON ?= python3
DEMO   ?= demo
PYTEST ?=
SANITIZERS ?= address,undefined thread
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
DOCS   := $(VENV)/.ready-docs
NATIVE := pyproject.toml CMakeLists.txt $(wildcard csrc/*.?pp csrc/*/*.?pp)

.DEFAULT_GOAL := help
.PHONY: help setup demo test check examples sanitize bench docs clean

help:  ## Say what there is to make
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY)  ## Make .venv and install recollect there, editable, with its tools

$(READY): $(NATIVE)
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@

$(DOCS): $(READY)
	$(BIN)/python -m pip install --quiet --editable '.[dev,docs]'
	@touch $@

demo: $(READY)  ## Watch an LSTM learn a sine, then forecast a real series; pictures in demo/
	$(BIN)/recollect demo --out $(DEMO)
	$(BIN)/python examples/co2_csv.py > $(DEMO)/co2.csv
	$(BIN)/recollect forecast run $(DEMO)/co2.csv --target co2 --horizon 52 --out $(DEMO)/co2

test: $(READY)  ## Run the tests (more options for pytest: make test PYTEST="-k house")
	$(BIN)/python -m pytest -q $(PYTEST)

check: $(READY)  ## Lint, types, the house's law, and names in the reference
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/test_house.py tests/test_front_door.py

examples: $(READY)  ## Run every script in examples/
	cd examples && for script in *.py; do echo "examples/$$script"; ../$(BIN)/python "$$script" > /dev/null || exit 1; done

sanitize:  ## Run the compiled core alone under the address, undefined-behaviour and thread sanitizers
	csrc/tests/sanitize.sh build/sanitize $(SANITIZERS)

bench: $(READY)  ## Run the benchmarks; those on real series want RECOLLECT_DATA
	$(BIN)/python -m benchmarks

docs: $(DOCS)  ## Build the documentation into site/, offline
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet

clean:  ## Remove what was built, .venv included
	rm -rf $(VENV) build dist site $(DEMO) .mypy_cache .pytest_cache .ruff_cache .hypothesis
