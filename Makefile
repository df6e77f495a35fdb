# Everything a person or CI runs; each target installs what it needs first. `make help` lists them.

.DEFAULT_GOAL := help
.PHONY: help install demo run test pythons check bench eval soak pictures commands lock clean

BIN := .venv/bin
READY := .venv/.ready

help: ## say what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(READY) ## make the environment in .venv; quick when nothing has changed
	@:

$(READY): pyproject.toml uv.lock constraints.txt deploy/environment.sh
	@sh deploy/environment.sh
	@touch $@

demo: install ## make a small library of real files and open the app on it
	@$(BIN)/mediavault demo

run: install ## open the app on your own files: make run LIBRARY=/path
	@test -n "$(LIBRARY)" || { echo "say which folder: make run LIBRARY=/path"; exit 2; }
	@$(BIN)/mediavault app "$(LIBRARY)"

test: install ## every test
	@sh deploy/tools.sh tmux nginx curl chromium smbd:samba faketime systemd-analyze:systemd mkfs.exfat:exfatprogs mount.exfat-fuse:exfat-fuse
	@$(BIN)/python -m pytest -n auto --dist worksteal

pythons: install ## the tests of rules, screens and chat on every other Python that is promised and found
	@sh deploy/pythons.sh

check: install ## format, lint, types, who imports whom, and whether the wheel is whole
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/test_packaging.py

bench: install ## measure against the peers; takes a quarter of an hour
	@sh deploy/tools.sh jdupes rdfind fdupes rmlint gdu nginx curl smbd:samba smbclient strace
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m bench

eval: install ## sixty questions to a real language model: score, cost, latency (needs a key; MODEL=mini)
	@$(BIN)/python -m bench.chat

soak: install ## the property tests and state machines, a hundred times as long
	@$(BIN)/python -m pytest -n auto -m hypothesis --hypothesis-profile=soak

pictures: install ## the README's pictures, taken of the real app on the demo library
	@$(BIN)/python docs/pictures.py

commands: install ## docs/commands.md, written anew from what each command takes
	@$(BIN)/python docs/commands.py > docs/commands.md.new && mv docs/commands.md.new docs/commands.md

lock: ## resolve the versions anew (needs uv)
	uv lock --no-config
	sh deploy/constraints.sh > constraints.txt

clean: ## remove the environment and everything that was made
	rm -rf .venv .venv-* build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache snapshot_report.html
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
