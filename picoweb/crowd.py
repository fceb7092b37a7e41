# More clients than places, or than memory.
from ._loop import ticks_diff, ticks_ms
from ._memory import relieve, reserve

# ms that a client may keep the server waiting before it has to give way: for a request that is on its way, and for a
# response that is not taken.
_GRACE_REQUEST = 200
_GRACE_RESPONSE = 300


# Takes the place of the client that is waited for longest; False when there is none to wait for.
def make_room(server):
    # In a rush of silent clients a 32nd has to do: real ones could not get through the kernel's queue.
    rush = 5 if server.crowd >= len(server.conns) else 0
    scarce = not reserve
    longest = -1
    for conn in list(server.conns):
        if conn.since is not None:
            waited = ticks_diff(ticks_ms(), conn.since) - ((_GRACE_RESPONSE if conn.writing else _GRACE_REQUEST) >> rush)
            if waited > longest:
                if scarce:
                    _evict(server, conn)
                else:
                    longest = waited
                    idlest = conn
    if scarce:
        relieve()
        reserve.append(bytearray(128))
    # What was scarce is free when these have ended: until then the newcomer waits.
    if longest < 0:
        return False
    _evict(server, idlest)
    return True


def _evict(server, conn):
    server.crowd += 1
    conn.give_up()  # while it is known: that may fail
    conn.release()
