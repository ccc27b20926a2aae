# make demo · make test · make lint · make docs · make bench
# make cluster-up · make cluster-down · make cluster-status, each with CLUSTER=containers|processes
#
# Each sets up a virtual environment of its own; PYTHON chooses the interpreter, VENV the directory.

PYTHON ?= python3
VENV   ?= .venv
BIN     = $(VENV)/bin

CLUSTER ?= containers

# Tests start thousands of processes: what they import is compiled once, whatever this says.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test lint docs bench cluster-up cluster-down cluster-status clean

demo: $(VENV)/.base
	$(BIN)/python examples/demo.py

test: $(VENV)/.test
	$(BIN)/python -m pytest --numprocesses auto $(PYTEST_ARGS)

lint: $(VENV)/.test $(VENV)/.lint
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m numpydoc lint $$(find hdfs_tools mapreduce_jobs -name '*.py')

# The site, with the reference of the Python API; a warning is an error.
docs: $(VENV)/.docs
	$(BIN)/python -m sphinx --fail-on-warning --quiet -c docs -d docs/reference/.doctrees . site

bench: $(VENV)/.bench
	$(BIN)/python -m benchmarks

# DATANODES and NODEMANAGERS are how many there are to be.
cluster-up:
	$(PYTHON) hadoop-docker/cluster.py up --form $(CLUSTER) \
		$(if $(DATANODES),--datanodes $(DATANODES)) $(if $(NODEMANAGERS),--nodemanagers $(NODEMANAGERS))

cluster-down cluster-status:
	$(PYTHON) hadoop-docker/cluster.py $(@:cluster-%=%) --form $(CLUSTER)

# An environment is made anew when what it holds is defined anew.
$(VENV)/.base: setup.cfg
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; choose one with make PYTHON=...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

$(VENV)/.%: $(VENV)/.base
	$(BIN)/python -m pip install --quiet --editable '.[$*]'
	touch $@

clean:
	rm -rf .venv* demo-output bench-output docs/reference site
