from typing import Any, Awaitable, Callable, Generator, Union

from . import _Coroutine

def websocket(handler: Callable[..., Union[Awaitable[Any], Generator[Any, Any, Any]]]) -> Callable[..., Any]: ...

class WebSocket:
    limit: int
    max_message: int
    ping_interval: int
    sockets: list[WebSocket]
    code: int
    def receive(self) -> _Coroutine[Any]: ...
    def send(self, message: Union[str, bytes, bytearray]) -> _Coroutine[None]: ...
    def close(self, code: int = 1000, reason: str = "") -> _Coroutine[None]: ...
