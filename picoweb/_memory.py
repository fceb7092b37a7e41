# What helps when memory, or descriptors, are used up.
import gc
from sys import modules

# Memory for the event loop, which needs little but does not survive to be refused it. Empty from when something was used up until room
# was made.
reserve = []


# A module of picoweb. Where memory is too short for it, what its next use loads again makes room.
def load(name):
    name = "picoweb." + name
    fresh = name not in modules
    for again in (True, False):
        try:
            module = __import__(name, None, None, ("*",))
            if fresh and again:
                bytearray(500)  # for those who use it
            return module
        except BaseException as e:  # no memory, no descriptor, or Ctrl-C
            # It may be there by half, or only in name: MicroPython would crash at its next import. So may what it imports.
            forget(name)
            relieve()
            if not again or not isinstance(e, MemoryError):
                raise


# Unloads a module. A board's dict keeps the value of a key that is deleted until its place is taken.
def forget(name):
    if name in modules:
        modules[name] = None
        del modules[name]
        try:
            package = modules["picoweb"]
            if name.startswith("picoweb.") and hasattr(package, name[8:]):
                setattr(package, name[8:], None)
                delattr(package, name[8:])
        except MemoryError:
            pass  # even a name takes some


# What apps may hold on to, and what is needed when there is no memory to load it. (In a function, Pycopy would make it anew each time.)
_KEPT = "picoweb.crowd", "picoweb.log", "picoweb.utils"


# Unloads what its next use loads again; and other modules that are there only in name. Takes no memory.
def relieve():
    if reserve:
        reserve.pop()
    for name in modules:  # a board's dict stands it that keys are deleted meanwhile
        ours = name.startswith("picoweb.") and not name.startswith("picoweb._")
        if ours and name not in _KEPT or modules.get(name) is None:
            forget(name)
    gc.collect()
