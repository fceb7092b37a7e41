from typing import Any, Literal

from . import HTTPRequest, WebApp

_SameSite = Literal["Strict", "Lax", "None"] | None

def get_cookie(req: HTTPRequest, name: str, default: Any = None) -> Any: ...
def set_cookie(name: str, value: str = "", path: str | None = "/", max_age: int | None = None, http_only: bool = True,
               same_site: _SameSite = "Lax", secure: bool = False, domain: str | None = None) -> tuple[str, str]: ...

class Sessions:
    def __init__(self, app: WebApp, secret: bytes, name: str = "session", max_age: int = 1209600, **options: Any) -> None: ...
