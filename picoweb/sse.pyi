from typing import Any, Callable, Literal

from . import HTTPRequest, _Coroutine, _Writer

def encode(data: object, event: object = None, id: object = None) -> bytes: ...

class EventSource:
    limit: int
    max_pending: int
    timeout: float
    keep_alive: float
    listeners: list[Any]
    def __init__(self, read: Callable[[], object] | None = None, every: float = 1) -> None: ...
    def listen(self, req: HTTPRequest, resp: _Writer, first: bytes = b"") -> _Coroutine[Literal[False] | None]: ...
    def send(self, data: object, event: object = None, id: object = None) -> _Coroutine[None]: ...
