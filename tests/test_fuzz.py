"""Fuzzing: requests that a grammar makes up, and valid ones with bytes changed, on every runtime.

The seed is fixed for each run of one version of the tests; PICOWEB_SEED=N tries another. What fails is printed with its seed, and as the bytes
of the smallest request that hypothesis finds.
"""

import contextlib
import os
import random
import socket

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings, strategies as st

import harness
import hostile
from test_survival import FILES, assert_lives, client_of, source

SEED = int(os.environ.get("PICOWEB_SEED", "20240229"))
EXAMPLES = 80
MUTATIONS = 150

# Text that parsers stumble over, and valid text.
_spaces = st.sampled_from((b" ", b" ", b" ", b" ", b"  ", b"\t", b"", b"\x0b", b"\0"))
_ends = st.sampled_from((b"\r\n", b"\r\n", b"\r\n", b"\r\n", b"\n", b"\r", b"\r\r\n", b"\n\r", b""))
_methods = st.sampled_from((b"GET", b"POST", b"PUT", b"HEAD", b"OPTIONS", b"get", b"", b"X" * 40)) | st.binary(max_size=5)
_paths = st.sampled_from((b"/", b"/form", b"/json", b"/query?a=1&b", b"/headers", b"/upload", b"/lines", b"/static/hello.txt", b"/broken/", b"/inject?how=dict&value=a",
                          b"*", b"//", b"/%", b"/%2e%2e/", b"/static/../secret.txt", b"http://a/query", b"?", b"#"))
_targets = st.lists(_paths | st.binary(max_size=8) | st.text(max_size=4).map(lambda s: s.encode("utf-8", "replace")), min_size=1, max_size=3).map(b"".join)
_versions = st.sampled_from((b"HTTP/1.1", b"HTTP/1.1", b"HTTP/1.0", b"HTTP/0.9", b"HTTP/1.", b"")) | st.binary(max_size=9)
_names = st.sampled_from((b"Host", b"Content-Length", b"content-length", b"Transfer-Encoding", b"Expect", b"Cookie", b"Accept-Encoding", b"Range", b"If-None-Match", b"If-Range", b"If-Match",
                          b"X", b"", b" ")) | st.binary(max_size=6)
_values = st.sampled_from((b"a", b"0", b"5", b"05", b"-1", b"99999999999", b"chunked", b"100-continue", b"gzip;q=0", b"a=b; c=d", b"bytes=0-", b"bytes=-2", b'"a"', b"*", b"")) | st.binary(max_size=12)
_fields = st.tuples(_names, st.sampled_from((b": ", b":", b" : ", b"")), _values, _ends).map(b"".join)
_bodies = st.sampled_from((b"", b"hello", b"a=1&b=%20&%zz", b'{"a": [1', b"5\r\nhello\r\n0\r\n\r\n", b"x" * 3000)) | st.binary(max_size=50)
_requests = st.tuples(_methods, _spaces, _targets, _spaces, _versions, _ends, st.lists(_fields, max_size=6).map(b"".join), _ends, _bodies).map(b"".join)


@pytest.fixture
def fuzzed(serve):
    return serve(source("hostile_app.py"), files=FILES, debug="-1")


def test_requests_of_a_grammar_get_http_or_nothing(fuzzed):
    client = client_of(fuzzed, within=2)

    @seed(SEED)
    @settings(max_examples=EXAMPLES, database=None, deadline=None, phases=(Phase.generate, Phase.shrink), print_blob=False,
              suppress_health_check=list(HealthCheck))
    @given(_requests)
    def check(data):
        client.talk(data)

    check()
    client.ask()
    assert_lives(fuzzed)


@pytest.mark.parametrize("whole", [True, False], ids=["at-once", "in-pieces"])
def test_mutations_get_http_or_nothing(fuzzed, whole):
    client = client_of(fuzzed, within=2)
    rng = random.Random(SEED)
    for i in range(MUTATIONS if whole else MUTATIONS // 5):
        data = hostile.mutate(rng, rng.choice(hostile.SEEDS))
        try:
            if whole:
                client.talk(data)
            else:
                size = rng.choice((1, 7, 50))
                with client.connect() as s:
                    harness.send_pieces(s, harness.pieces(data, size), 0.001)
                    with contextlib.suppress(OSError):
                        s.shutdown(socket.SHUT_WR)
                    client.reply(s, data)
        except hostile.Bad as e:
            raise AssertionError("seed %d, mutation %d: %s" % (SEED, i, e))
    client.ask()
    assert_lives(fuzzed)
