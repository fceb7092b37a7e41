"""Each test that takes `runtime` runs on every interpreter with sockets that is here; one that takes `interpreter` also
inside MicroPython for Node."""

import contextlib

import pytest

import harness

# Slow modules: they run on the oldest and the newest CPython only.
SLOW = ("test_fuzz", "test_hostile", "test_notes", "test_run")
# What a quick run leaves out: modules, and single tests that wait for clocks, try every length, or start many processes.
LONG = ("test_bench.py", "test_fuzz.py", "test_hostile.py", "test_install.py", "test_oracle.py", "test_stubs.py", "test_survival.py")
LONG_TESTS = set("""
    test_a_lost_test_run_takes_its_servers_along test_a_machine_without_a_network test_a_megabyte_in_a_small_heap
    test_a_misuse_is_found test_a_newcomer_is_not_refused_for_places_that_are_free_again test_a_slow_client_that_goes_on_is_served test_an_app_file_by_its_name
    test_ctrl_c_lets_a_response_be_taken test_cut_off_at_every_length test_each_timeout_is_for_its_own_wait
    test_frames_that_end_the_connection test_fuzz test_hostile_forms test_kill
    test_newcomers_are_told_that_every_place_is_a_handlers_at_work test_one_that_does_not_read_holds_up_nobody
    test_one_that_reads_too_slowly_is_given_up
    test_own_start_server_and_a_client_that_comes_as_the_last_one_has_gone test_picoweb_imported_by_its_file test_picoweb_inside_a_package
    test_pytest_runs_it test_restart test_silent_clients_are_asked_and_then_dropped
    test_the_connection_is_closed_after_the_code test_the_example_has_the_same_pages test_the_library
    test_the_library_under_asgi test_timeouts test_two_workers_answer_ten_thousand_requests
    test_unread_20_kb_cost_no_reply test_unread_body_that_does_not_wait_to_be_expected
""".split())


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
        # A test may fail because of something that its server's interpreter lacks.
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


@pytest.fixture(scope="module")
def server(runtime, request):
    """One server of a module's APP for all its tests; its log stays empty."""
    with harness.Server(runtime, request.module.APP) as server:
        yield server
        assert server.log() == ""
        assert server.stop() == 0
