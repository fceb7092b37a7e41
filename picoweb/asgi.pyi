from typing import Any, Awaitable, Callable

from . import WebApp, _Logger

application: ASGI

class ASGI:
    app: WebApp
    tasks: list[Any]
    def __init__(self, app: WebApp, debug: int = 0, lazy_init: bool = False, log: _Logger | None = None) -> None: ...
    async def __call__(self, scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]) -> None: ...

def load(path: str) -> ASGI: ...
def parse_head(head: bytes) -> tuple[int, list[tuple[bytes, bytes]]]: ...
