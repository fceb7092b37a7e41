from typing import Collection

from . import WebApp

class CORS:
    def __init__(self, app: WebApp, origins: str | Collection[str] = "*", headers: str | None = None, expose: str | None = None,
                 credentials: bool = False, max_age: int = 600) -> None: ...
