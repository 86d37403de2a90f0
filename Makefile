# Everything a person types. Each target does its own set-up; nothing outside of this folder is changed.
VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= python3
EXAMPLE := examples/explicit-ids
# Without bytecode, each of the many processes that tests start would compile everything again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: install demo test check bench bench-attacks wheels image e2e e2e-all cluster cluster-down format clean lock

install: $(VENV)/installed ## .venv with .venv/bin/fuseml

demo: $(VENV)/installed ## a PipelineRun before and after
	@printf '\n# What its author wrote: %s\n\n' $(EXAMPLE)/pipelinerun.yaml
	@cat $(EXAMPLE)/pipelinerun.yaml
	@printf '\n# What the operator registered: %s\n\n' $(EXAMPLE)/registry
	@cat $(EXAMPLE)/registry/*.yaml
	@printf '\n# $$ fuseml preview -f %s --registry %s --zone cluster-alpha -o diff\n\n' $(EXAMPLE)/pipelinerun.yaml $(EXAMPLE)/registry
	@$(BIN)/fuseml preview -f $(EXAMPLE)/pipelinerun.yaml --registry $(EXAMPLE)/registry --zone cluster-alpha -o diff
	@printf '\n# The variables that the step will see: -o env\n\n'
	@$(BIN)/fuseml preview -f $(EXAMPLE)/pipelinerun.yaml --registry $(EXAMPLE)/registry --zone cluster-alpha -o env

test: check ## checks and tests
	$(BIN)/pytest --numprocesses 4 --dist worksteal

check: $(VENV)/developing ## format, lint, types, imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/developing ## timings, as ratios where another machine would differ
	$(BIN)/python -m tests.bench.mutate
	$(BIN)/python -m tests.bench.latency
	$(BIN)/python -m tests.bench.records
	$(BIN)/python -m tests.bench.registry_list
	$(BIN)/python -m tests.bench.impact

bench-attacks: $(VENV)/developing ## what honest clients notice of ten hostile ones, for each kind of attack
	$(BIN)/python -m tests.bench.attacks

wheels: dist/wheels/.own ## what the Dockerfile copies, in dist/wheels

image: $(VENV)/installed ## the product's image, loaded into the cluster of `make cluster`
	@$(BIN)/python -m tests.e2e.support.product

# Most of a test's time is waiting: four run side by side, and those that disturb others alone after them.
E2E_TESTS := $(BIN)/pytest tests/e2e -v --numprocesses 4 --durations=15

e2e: $(VENV)/developing ## the quick tier of the tests on a real cluster: of `make cluster`, or of E2E_KUBECONFIG=FILE
	$(E2E_TESTS) -m "not full" $(E2E)

e2e-all: $(VENV)/developing ## all tests on a real cluster; both tiers are explained in tests/e2e/README.md
	$(E2E_TESTS) $(E2E)

cluster: $(VENV)/installed ## a one-node Kubernetes with Tekton and Argo (root, Debian 12, Go); prints KUBECONFIG
	@$(BIN)/python -m tests.cluster up

cluster-down: $(VENV)/installed ## stops it; CLEAN=1 removes its data as well
	@$(BIN)/python -m tests.cluster down $(if $(CLEAN),--clean)

format: $(VENV)/developing
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf $(VENV) .*_cache *.egg-info build dist

# With uv installed: the newest versions that pyproject.toml allows.
lock:
	uv pip compile pyproject.toml --group build $(LOCKING) --output-file requirements.lock
	uv pip compile pyproject.toml --group build --group dev $(LOCKING) --output-file requirements-dev.lock
	cd examples/mlflow/image && uv pip compile requirements.txt $(LOCKING) --output-file requirements.lock
LOCKING := --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header --no-strip-extras

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=...")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: requirements.lock pyproject.toml | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/developing: requirements-dev.lock $(VENV)/installed
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements-dev.lock
	@touch $@

dist/wheels/.locked: requirements.lock | $(VENV)/installed
	rm -rf $(@D)
	$(BIN)/pip wheel --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock --wheel-dir $(@D)
	@touch $@

# The same sources give the same wheel (hence the fixed date), so that no image is built again for nothing. What is left in
# build/ of files that are no more would get into the wheel.
dist/wheels/.own: dist/wheels/.locked pyproject.toml $(shell find registry renderer webhook -type f -not -name '*.pyc')
	rm -rf build $(@D)/fuseml_extensions-*.whl
	SOURCE_DATE_EPOCH=315532800 $(BIN)/pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir $(@D) .
	@touch $@
