# More clients than places, or than memory.
import gc
import sys

import picoweb
from ._loop import ticks_diff, ticks_ms

# ms that a client may keep the server waiting before it has to give way: for a request that is on its way, and for a
# response that is not taken.
_GRACE_REQUEST = 200
_GRACE_RESPONSE = 300


# Takes the place of the client that is waited for longest; False when there is none to wait for.
def make_room(server):
    # In a rush of silent clients a 32nd has to do: real ones could not get through the kernel's queue.
    rush = 5 if server.crowd >= len(server.conns) else 0
    scarce, server.scarce = server.scarce, False
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
        unload()
    # What was scarce is free when these have ended: until then the newcomer waits.
    if longest < 0:
        return False
    _evict(server, idlest)
    return True


def _evict(server, conn):
    server.crowd += 1
    conn.release()
    conn.give_up()


# Unloads what its next use loads again: it makes room, and a module that memory was too short for may be there by half.
def unload():
    for name in list(sys.modules):
        if name.startswith("picoweb.") and name[8] != "_" and name[8:] not in ("crowd", "log", "utils"):
            # A board's dict keeps the value of a key that is deleted until its place is taken.
            sys.modules[name] = None
            del sys.modules[name]
            setattr(picoweb, name[8:], None)
            delattr(picoweb, name[8:])
    gc.collect()
