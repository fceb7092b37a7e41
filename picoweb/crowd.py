# More clients than places, or than memory.
from ._loop import ticks_diff, ticks_ms
from ._memory import relieve, reserve

# ms that a client may keep the server waiting before it has to give way: for a request that is on its way, and for a
# response that is not taken.
_GRACE = 200, 200
_GRACE_IN_A_RUSH = 8, 4


# Takes the place of the client that is waited for longest; False when there is none to wait for.
def make_room(server):
    return _drop_idlest(server, _is_rush(server))


# With as much patience as else, real clients could not get through the kernel's queue in a rush of silent ones.
def _is_rush(server):
    return server.crowd >= len(server.conns)


def _drop_idlest(server, rush):
    grace = _GRACE_IN_A_RUSH if rush else _GRACE
    longest = -1
    for conn in server.conns:
        if conn.since is not None:
            waited = ticks_diff(ticks_ms(), conn.since) - grace[1 if conn.writing else 0]
            if waited > longest:
                longest = waited
                idlest = conn
    if longest < 0:
        return False
    server.crowd += 1
    idlest.give_up()  # while it is known: that may fail
    idlest.release()
    return True


# Makes room in memory; there is more when those who gave way have ended.
def restock(server):
    rush = _is_rush(server)  # not so because of those who give way now
    while _drop_idlest(server, rush):
        pass
    relieve()
    reserve.append(bytearray(128))
