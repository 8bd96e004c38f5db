# Everything runs in .venv, which bin/environment makes; nothing is installed anywhere else.
# Written for make 3.81 (macOS) and a checkout whose path may hold spaces: hence relative paths only.

PYTHON_BIN = .venv/bin/python
ARGS =
BROWSER = yes

# The checks ask nothing of a database: they are pointed at a port where none answers, and never at a developer's own.
NO_DATABASE = DATABASE_URL=postgres://nobody:nothing@127.0.0.1:1/nothing
A_SECRET = "$$($(PYTHON_BIN) -c 'import secrets; print(secrets.token_hex(32))')"

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo serve test check format reset lock runtime development

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

demo: runtime ## the whole path once, from an upload to an accepted release, on a database of its own
	@$(PYTHON_BIN) manage.py demo $(ARGS)

serve: runtime ## desk, console, portal, API and jobs on this machine
	@$(PYTHON_BIN) manage.py serve $(ARGS)

test: development ## the tests (BROWSER=no leaves the browser's out; ARGS= goes to pytest, as -n 0 for one process)
ifeq ($(BROWSER),no)
	@echo 'The browser tests are left out (BROWSER=no).'
	@$(PYTHON_BIN) -m pytest -n auto -m 'not browser' $(ARGS)
else
	@chromium="$$(bin/browser)" && ASSAY_CHROMIUM="$$chromium" $(PYTHON_BIN) -m pytest -n auto $(ARGS)
endif

check: development ## what can be told without running: style, types, imports, dependencies, templates, migrations, settings
	@echo '== ruff: rules'
	@$(PYTHON_BIN) -m ruff check --quiet .
	@echo '== ruff: format'
	@$(PYTHON_BIN) -m ruff format --check --quiet .
	@echo '== mypy: types'
	@$(PYTHON_BIN) -m mypy
	@echo '== import-linter: which app may import which'
	@$(PYTHON_BIN) -c 'from importlinter.cli import lint_imports_command as lint; lint()' --no-logo
	@echo '== deptry: declared dependencies are the used ones'
	@$(PYTHON_BIN) -m deptry .
	@echo '== djlint: templates'
	@$(PYTHON_BIN) -m djlint --lint --quiet .
	@echo '== makemigrations: models and migrations agree'
	@$(NO_DATABASE) $(PYTHON_BIN) \
		-W 'ignore:Got an error checking a consistent migration history:RuntimeWarning' \
		manage.py makemigrations --check --dry-run
	@echo '== check --deploy: settings as in production'
	@$(NO_DATABASE) ASSAY_ENV=production ASSAY_HOSTS=example.org ASSAY_SECRET_KEY=$(A_SECRET) \
		ASSAY_SIGNING_KEY=$(A_SECRET) $(PYTHON_BIN) manage.py check --deploy --fail-level WARNING

format: development ## mend what ruff can mend
	@$(PYTHON_BIN) -m ruff check --fix --quiet .
	@$(PYTHON_BIN) -m ruff format --quiet .

reset: runtime ## throw the development database away
	@$(PYTHON_BIN) manage.py database reset $(ARGS)

lock: ## compile the locks from pyproject.toml (ARGS=--upgrade for newer versions)
	@bin/lock $(ARGS)

runtime:
	@bin/environment requirements

development:
	@bin/environment requirements-dev
