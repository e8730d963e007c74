# Image Queue. `make run` opens the window, `make test` runs all tests; each makes what it needs first.

SHELL := /bin/sh
PREPARE := resources/setup/prepare
BIN := .venv/bin
# A process of tests for each core, up to four, and one more where there are fewer, as many tests only wait;
# whoever is done first takes tests from the others.
CORES := $(shell getconf _NPROCESSORS_ONLN)
PYTEST = $(BIN)/python -m pytest -n $$(($(CORES) < 4 ? $(CORES) + 1 : 4)) --dist worksteal
# What `make run`, `make bench` and `make attack` are given: make run ARGS="~/Pictures"
ARGS ?=

.PHONY: help run test check bench attack pictures translations lock clean

help:
	@echo "make run          open the window; with ARGS=\"PATH...\" it adds these"
	@echo "make test         run all tests"
	@echo "make check        ruff, the format, mypy, and all tests"
	@echo "make bench        measure the speed, and print one table"
	@echo "make attack       attack the promises, and print one table of what broke"
	@echo "make pictures     make pictures of every state of the window, in pictures/"
	@echo "make translations read the texts out of the code anew, and compile what is translated"
	@echo "make lock         compile requirements.txt anew from pyproject.toml"
	@echo "make clean        remove everything that was made here"

run:
	@resources/setup/run-window $(ARGS)

test:
	@$(PREPARE) tests
	$(PYTEST)

check:
	@$(PREPARE) tests
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(PYTEST)

bench:
	@$(PREPARE) tests
	$(BIN)/python -m tests.benchmarks $(ARGS)

attack:
	@$(PREPARE) tests
	$(BIN)/python -m tests.reliability $(ARGS)

pictures:
	@$(PREPARE) tests
	$(BIN)/python -m tests.pictures pictures $(ARGS)

translations:
	@$(PREPARE) base
	$(BIN)/python -m resources.setup.translations

lock:
	@$(PREPARE) base
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --no-emit-index-url \
		--extra check -o requirements.txt pyproject.toml

clean:
	rm -rf .venv .venv.old build pictures dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
