# The front door: `make` lists what it can do.

PYTHON ?= python3
# `make test PYTHON=python3.13` has an environment of its own, and so has `make test LOWEST=1`, with the lowest version
# of each dependency that pyproject.toml allows.
VENV := .venv$(if $(filter-out python3,$(PYTHON)),-$(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])'))
VENV := $(VENV)$(if $(LOWEST),-lowest)
BIN := $(VENV)/bin
READY := $(VENV)/ready

# What needs no server. `make test ARGS=...` gets one unless its paths are all in these, or ARGS leaves out the live tests.
SERVERLESS := $(foreach name,codegen runtime soak typing packaging support test_docs.py test_imports.py,tests/$(name))
PATHS := $(filter tests%,$(ARGS))
OTHERS := $(filter-out $(SERVERLESS) $(SERVERLESS:=/%) $(SERVERLESS:=::%),$(PATHS))
BUILDS_SERVER := $(if $(findstring not live,$(ARGS)),,$(if $(PATHS),$(if $(OTHERS),server),server))

.DEFAULT_GOAL := help
.PHONY: help demo server test coverage soak check format golden bench bench-quick bench-micro modules dist clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s  %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(READY) server ## generate a client for the example game, check it, and play it on a real server
	@$(BIN)/python -m tests.support.demo

server: python ## get the server: use what is there, else build it once (takes minutes) and keep it
	@$(PYTHON) -m tests.support.binary

test: $(READY) $(BUILDS_SERVER) ## run all tests, the live ones on a real server: make test ARGS="tests/runtime -k cache"
	@$(BIN)/python -m pytest $(ARGS)

# The client without I/O must be covered whole. The tables are printed even if a test fails.
coverage: export COVERAGE_FILE := $(CURDIR)/$(VENV)/coverage/data
coverage: $(READY) $(BUILDS_SERVER) ## run the tests as `make test` does, and print which lines and branches they reach
	@$(BIN)/coverage run -m pytest $(ARGS); tests=$$?; \
	  $(BIN)/coverage report && \
	  $(BIN)/coverage report --include='stdb_runtime/_engine/*,stdb_runtime/_protocol/*' --fail-under=100 && \
	  exit $$tests

soak: $(READY) server ## clients under load on real servers, and faults: make soak SEED=7 FAULTS=50 SERVER=2.8.3
	@PYTHONPATH=examples/game $(BIN)/python -m tests.soak \
	  $(if $(SEED),--seed $(SEED)) $(if $(FAULTS),--faults $(FAULTS)) $(if $(SERVER),--server $(SERVER))

check: $(READY) ## lint, check the format and the types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/basedpyright

format: $(READY) ## format, and repair what the linter can repair
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

golden: $(READY) ## write anew the packages that the generator must write, and the example's
	@$(BIN)/python -m tests.codegen.golden

bench: $(VENV)/bench server ## how fast the runtime is, beside the official SDKs, which are built once (minutes): make bench DOCS=1 ROUNDS=9
	@$(BIN)/python -m tests.bench --json build/bench.json $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(DOCS),--docs)

bench-quick: $(READY) server ## the same without the official SDKs, on one server (a minute)
	@$(BIN)/python -m tests.bench --quick $(if $(ROUNDS),--rounds $(ROUNDS))

bench-micro: $(READY) ## how much processor time the engine takes, without a server: make bench-micro CASES="call hero"
	@$(BIN)/python -m tests.bench.micro $(CASES)

modules: ## build the test modules from their Rust source (needs the wasm toolchain: see CONTRIBUTING.md)
	tests/modules/build.sh

dist: $(READY) ## build the wheel and the source distribution into dist/, and check them
	@rm -rf dist
	@$(BIN)/python -m build
	@$(BIN)/twine check --strict dist/*

clean: ## remove everything that was made here; the server in the user's cache folder stays
	rm -rf .venv .venv-* build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: python
python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo 'error: this needs Python 3.11 or later, and $(PYTHON) is not: run make PYTHON=/path/to/python3.11' >&2; \
	  exit 1; }

# The tools are read from pyproject.toml here, because pip knows --group only since 25.1.
$(READY): pyproject.toml | python
	@echo '==> making $(VENV): the package, editable, and its development tools'
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -c 'import tomllib, pathlib; \
	  print(*tomllib.loads(pathlib.Path("pyproject.toml").read_text())["dependency-groups"]["dev"], sep="\n")' \
	  > $(VENV)/dev.txt
	@$(BIN)/python -c 'import tomllib, pathlib; \
	  project = tomllib.loads(pathlib.Path("pyproject.toml").read_text())["project"]; \
	  needs = project["dependencies"] + project["optional-dependencies"]["wasm"] if "$(LOWEST)" else []; \
	  print(*(need.partition(",")[0].replace(">=", "==") for need in needs), sep="\n")' \
	  > $(VENV)/lowest.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[wasm]' -r $(VENV)/dev.txt -c $(VENV)/lowest.txt
	@touch $@

# What only `make bench` needs: the plot.
$(VENV)/bench: $(READY)
	@$(BIN)/python -c 'import tomllib, pathlib; \
	  print(*tomllib.loads(pathlib.Path("pyproject.toml").read_text())["dependency-groups"]["bench"], sep="\n")' \
	  > $(VENV)/bench.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r $(VENV)/bench.txt
	@touch $@
