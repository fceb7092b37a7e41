# More clients than places, or than memory.
from ._loop import ticks_diff, ticks_ms
from ._memory import relieve, reserve

# ms that a client may keep the server waiting before it has to give way: for a request that is on its way, and for a
# response that is not taken.
_GRACE = 200, 300
_GRACE_IN_A_RUSH = 12, 9


# Takes the place of the client that is waited for longest; False when there is none to wait for.
def make_room(server):
    # In a rush of silent clients real ones could not get through the kernel's queue otherwise.
    grace = _GRACE_IN_A_RUSH if server.crowd >= len(server.conns) else _GRACE
    scarce = not reserve
    longest = -1
    for conn in list(server.conns):
        if conn.since is not None:
            waited = ticks_diff(ticks_ms(), conn.since) - grace[1 if conn.writing else 0]
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
