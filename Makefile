# picoweb's chores. Everything that has to be fetched goes into .deps; no target needs root.

# make run: the interpreter (micropython, pycopy, python3, or a path), the app file and the port.
PY = micropython
APP = example_webapp.py
PORT = 8081
# make mip: the address and port at which boards find this machine.
ADDRESS = 0.0.0.0
MIP_PORT = 8000
# make mpy: 1 and 2 leave asserts out, 3 the line numbers and paths of tracebacks too.
OPT = 0
# make test: arguments for pytest, as in ARGS="-k forms --runtime micropython". make bench: see ARGS=--help.
ARGS =

BOARD_FILES = $(shell sed -n 's/^ *\["\([^"]*\)".*/\1/p' package.json)

TEST = .deps/venv/bin/python -m pytest

.PHONY: help run test soak test-browser check docs bench size mpy install sdist mip clean

help:
	@echo 'make run [PY=micropython|pycopy|python3|PATH] [APP=example_webapp.py] [PORT=8081]   serve an app'
	@echo 'make test [QUICK=1] [STRICT=1] [N=10000] [ARGS="-k NAME --runtime NAME"]   fetch what the tests need and run them; QUICK: one runtime'
	@echo '    of each kind, no long tests; STRICT: stop if something cannot be fetched, instead of skipping its tests; N: inputs for a fuzz test'
	@echo 'make soak [N=100000] [ARGS="--runtime NAME --seconds 60"]   good and hostile traffic, during which heap, descriptors and connections must not grow'
	@echo 'make test-browser   test the examples in a browser (needs Chromium; Playwright is installed)'
	@echo 'make check   check the source: ruff, the size of the module, type stubs'
	@echo 'make docs   build the documentation into build/docs; a warning is an error'
	@echo 'make bench [ARGS="--page hello --md FILE --csv FILE --svg FILE"]   measure picoweb and its peers; ARGS=--help for more'
	@echo 'make size   show the bytes of each file as source, compiled, and in the heap'
	@echo 'make mpy [OPT=0]   compile picoweb for boards into build/mpy'
	@echo 'make sdist   build dist/: the archive for upip, and the wheel for pip'
	@echo 'make mip [ADDRESS=0.0.0.0] [MIP_PORT=8000]   serve picoweb to boards that install it with mip'
	@echo 'make install PREFIX=FOLDER   copy the files that a board needs to FOLDER/picoweb'
	@echo 'make clean   remove what was fetched and built'

run:
	@python3 tools/run.py "$(PY)" "$(APP)" --port "$(PORT)"

test:
	@python3 tools/fetch.py $(if $(filter-out 0,$(QUICK)),quick,all)
	@$(TEST) -q -n 4 --dist worksteal $(ARGS) || { \
		echo 'Four tests at a time may be late on a busy machine. What failed runs once more, alone:'; \
		$(TEST) -q -x --lf --lfnf none $(ARGS); }

# One minute for each runtime, or with N=..., that many inputs.
soak:
	@python3 tools/fetch.py all
	@.deps/venv/bin/python tests/soak.py $(if $(N),--inputs $(N)) $(ARGS)

# Playwright is as large as everything else together, so it is installed only for this.
test-browser:
	@python3 tools/fetch.py quick
	@.deps/venv/bin/python -m pip install -q --disable-pip-version-check 'playwright>=1.40,<2'
	@$(TEST) -q -rs tests/test_browser.py $(ARGS)

check:
	@python3 tools/fetch.py venv
	@$(TEST) -q tests/test_check.py tests/test_stubs.py

# Sphinx needs a different docutils than the tests.
docs:
	@python3 tools/fetch.py venv docs
	@PYTHONPATH=.deps/docs .deps/venv/bin/python -m sphinx -W --keep-going -n -q -b html -d build/doctrees docs build/docs
	@echo 'the documentation is in build/docs/index.html'

bench:
	@python3 bench/bench.py $(ARGS)

size:
	@python3 tools/size.py

mpy:
	@python3 tools/mpy.py build/mpy "$(OPT)"

# From a copy, because setuptools leaves files where it builds.
sdist:
	@python3 tools/fetch.py venv
	@rm -rf .deps/build && mkdir -p .deps/build dist
	@cp -r picoweb tools setup.py pyproject.toml README.rst LICENSE .deps/build
	@cd .deps/build && ../venv/bin/python setup.py -q sdist --dist-dir ../../dist
	@.deps/venv/bin/python -m pip wheel -q --disable-pip-version-check --no-deps --no-build-isolation -w dist .deps/build
	@rm -rf .deps/build
	@ls -l dist

mip:
	@python3 tools/mip.py "$(ADDRESS)" "$(MIP_PORT)"

install:
	@test -n "$(PREFIX)" || { echo 'make install: say where: make install PREFIX=/path/to/board/lib' >&2; exit 2; }
	install -d "$(PREFIX)/picoweb"
	install -m 644 $(BOARD_FILES) "$(PREFIX)/picoweb"

clean:
	rm -rf .deps build dist *.egg-info .pytest_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +
