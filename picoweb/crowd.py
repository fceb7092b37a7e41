# More clients than places.
from ._server import ticks_diff, ticks_ms

# ms that a client may keep the server waiting before it has to give way: for a request that is on its way, and for a
# response that is not taken.
_GRACE_REQUEST = 200
_GRACE_RESPONSE = 500


# Takes the place of the client that is waited for longest; False when there is none to wait for.
def make_room(server):
    # In a rush of silent clients there is no grace: a real one could not get through.
    grace = _GRACE_REQUEST if server.crowd < server.app.max_connections else 0
    longest = -1
    for conn in server.conns:
        if conn.since is not None:
            waited = ticks_diff(ticks_ms(), conn.since) - (_GRACE_RESPONSE if conn.writing else grace)
            if waited > longest:
                longest = waited
                idlest = conn
    # What is scarce is free once the client is gone: until then the newcomer waits.
    scarce, server.scarce = server.scarce, False
    if longest < 0:
        return False
    server.crowd += 1
    idlest.release()
    idlest.give_up()
    return not scarce
