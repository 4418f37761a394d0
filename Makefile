# The two commands of the README are `make run` and `make test`; everything else is for developers.
# Needs Python 3.11 or newer and make. All that is installed goes to .venv/.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: run test check advisories secrets bench fuzz format pins clean

run: $(VENV)/.runtime
	@test -e var/qingfeng.db || $(BIN)/qingfeng demo --if-empty
	@exec $(BIN)/qingfeng run

test: $(VENV)/.development
	@$(BIN)/python -m pytest -n 2 --dist worksteal

check: $(VENV)/.development
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/mypy
	@$(BIN)/qingfeng check-content
	@$(MAKE) --no-print-directory secrets advisories

# Known vulnerabilities of what is pinned; says so and goes on where nobody can be asked.
advisories: $(VENV)/.development
	@$(BIN)/python .ci/advisories.py

# Secrets in what git tracks. Passwords of made-up people stand all over the tests; a line that only looks like a secret
# ends with "pragma: allowlist secret".
secrets: $(VENV)/.development
	@git ls-files -z -- ':!tests' ':!requirements' | xargs -0 $(BIN)/detect-secrets-hook --exclude-secrets '^(one|two)$$'
	@git ls-files -z -- tests | xargs -0 $(BIN)/detect-secrets-hook --disable-plugin KeywordDetector
	@echo "No secrets in what git tracks."

bench: $(VENV)/.development
	@$(BIN)/python -m tests.benchmarks

# A million odd inputs; begun again it goes on. FUZZ=4000 for a few.
FUZZ ?= 1000000
fuzz: $(VENV)/.development
	@$(BIN)/python -m tests.fuzz --count $(FUZZ)

format: $(VENV)/.development
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

# Renews the pinned versions and their hashes; needs uv on the PATH. No address of a package index is written.
pins:
	uv pip compile pyproject.toml --extra build --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --output-file requirements/runtime.txt
	uv pip compile pyproject.toml --extra build --extra dev --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-header --no-annotate --constraint requirements/runtime.txt --output-file requirements/development.txt

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Qingfeng needs Python 3.11 or newer; set PYTHON=/path/to/python3.11 / 需要 Python 3.11 或更新版本"; exit 1; }
	@echo "Creating .venv / 正在创建运行环境 ..."
	@$(PYTHON) -m venv $(VENV) || { echo "Could not create .venv. On Debian or Ubuntu: apt-get install python3-venv"; exit 1; }

$(VENV)/.runtime: requirements/runtime.txt | $(VENV)/bin/python
	@echo "Installing pinned packages / 正在安装依赖 ..."
	@$(PIP) install --require-hashes -r requirements/runtime.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.development: requirements/development.txt $(VENV)/.runtime
	@echo "Installing the developers' tools / 正在安装开发工具 ..."
	@$(PIP) install --require-hashes -r requirements/development.txt
	@touch $@
