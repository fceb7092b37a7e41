"""Each test that takes `runtime` runs on every interpreter with sockets that is here; one that takes `interpreter` also
inside MicroPython for Node."""

import contextlib

import pytest

import harness

# What takes its time: the oldest and the newest CPython stand for those between them.
SLOW = ("test_fuzz", "test_hostile", "test_notes", "test_run")
# What a quick run leaves out: modules, and single tests.
LONG = ("test_bench.py", "test_fuzz.py", "test_hostile.py", "test_install.py", "test_survival.py")
LONG_TESTS = ("test_a_machine_without_a_network", "test_a_slow_client_that_goes_on_is_served",
              "test_ctrl_c_lets_a_response_be_taken", "test_each_timeout_is_for_its_own_wait", "test_kill", "test_timeouts")


def pytest_addoption(parser):
    parser.addoption("--runtime", action="append", default=[], metavar="NAME",
                     help="only runtimes whose name contains NAME (may be given more than once)")


def pytest_configure(config):
    try:
        found, lines = harness.runtimes()
    except harness.interpreters.Missing as e:
        raise pytest.UsageError(str(e))
    wasms, wasm_lines = harness.wasms()
    wanted = config.getoption("--runtime")
    config.runtimes = [r for r in found + wasms if not wanted or any(name in r.name for name in wanted)]
    others = [item for item in harness.fetch.reasons().items() if item[0] not in harness.interpreters.WANTED and item[0] != "wasm"]
    config.runtime_lines = lines + wasm_lines + ["%s: skipped: %s" % item for item in others]
    if wanted and not config.runtimes:
        raise pytest.UsageError("no runtime is named like %s" % " or ".join(wanted))


def pytest_generate_tests(metafunc):
    for name in {"runtime", "interpreter"} & set(metafunc.fixturenames):
        chosen = [r for r in metafunc.config.runtimes if r.has_sockets or name == "interpreter"]
        if getattr(metafunc.module, "FEW_CPYTHONS", False) or metafunc.module.__name__ in SLOW:
            pythons = [r for r in chosen if r.is_cpython]
            chosen = [r for r in chosen if r not in pythons[1:-1]]
        metafunc.parametrize(name, chosen, ids=str, scope="session")


def pytest_ignore_collect(collection_path):
    return True if harness.QUICK and collection_path.name in LONG else None


def pytest_collection_modifyitems(items):
    if harness.QUICK:
        items[:] = [item for item in items if item.originalname not in LONG_TESTS]
    for item in items:
        if not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(300 + harness.fuzz_count(0) // 10))


def pytest_terminal_summary(terminalreporter, config):
    terminalreporter.section("runtimes")
    for line in config.runtime_lines:
        terminalreporter.write_line(line)


def _skip_broken():
    try:
        return (yield)
    except harness.Broken as e:
        pytest.skip(str(e))
    except Exception:
        # A test may fail for what its server's interpreter lacks.
        faults = harness.faults()
        if faults:
            pytest.skip("; ".join(faults))
        raise


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call():
    return (yield from _skip_broken())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown():
    return (yield from _skip_broken())


@pytest.fixture
def serve(runtime):
    """`serve(app, ...)`: a started harness.Server on this test's runtime, stopped when the test ends."""
    with contextlib.ExitStack() as servers:
        yield lambda app, **options: servers.enter_context(harness.Server(runtime, app, **options))
