# A fresh machine needs Python 3.11 or newer, git and make; everything else is installed into .venv.
PYTHON ?= python3
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help run test test-nightly test-any-day lint format words screenshots pictures lock bench clean

help: ## what make can do
	@awk -F ':.*## ' '/^[a-z-]+( [a-z-]+)*:.*## / { printf "make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## start everything: web, API, worker, Temporal, PostgreSQL; Ctrl-C stops it
	@$(PYTHON) cli/bootstrap.py run && exec $(BIN)/afterword up

AT_ONCE ?= 3
test test-nightly: export PYTHONDONTWRITEBYTECODE := # where it is set, each process compiles everything anew
test: .dev ## the whole suite, three files at a time
	@exec $(BIN)/pytest -n $(AT_ONCE) --dist loadfile --no-loadscope-reorder $(ARGS)

test-nightly: export AFTERWORD_NIGHTLY := 1
test-nightly: .dev ## the same, with everything that a normal run leaves out: see tests/nightly.py
	@exec $(BIN)/pytest -n $(AT_ONCE) --dist loadfile --no-loadscope-reorder --timeout 3600 $(ARGS)

test-any-day: .dev ## what needs no server, on a Saturday, at the end of a month, and when clocks change
	@$(BIN)/python -m tests.any_day $(ARGS)

lint: .dev ## what CI checks before it tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .dev ## fix what can be fixed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

words: .dev ## every string that people read, in .cache/words.txt
	@$(BIN)/python -m tests.words

screenshots: .dev ## every page in every status and role, in .cache/screenshots/index.html
	@$(BIN)/python -m tests.pages.pictures.screenshots $(ARGS)

pictures: .dev ## the README's pictures, in docs/images, from the demo
	@$(BIN)/python -m tests.pages.pictures.readme_pictures

lock: ## requirements*.lock from pyproject.toml; UPGRADE=1 takes the newest versions
	@$(PYTHON) cli/bootstrap.py lock $(if $(UPGRADE),--upgrade)

bench: .dev ## compare with the barest code that gives the same answer
	@exec $(BIN)/python -m bench $(ARGS)

clean: ## remove everything that can be made again; the data in .afterword stays
	rm -rf .venv .cache .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .schemathesis
	find . -name __pycache__ -not -path './node_modules/*' -prune -exec rm -rf {} +

.PHONY: .dev
.dev:
	@$(PYTHON) cli/bootstrap.py dev
