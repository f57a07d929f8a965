"""Stores for tokens: the one for files, and one's own, of any class that has the methods."""

from typing import reveal_type

from game_client import connect
from stdb_runtime import AuthError, credentials
from stdb_runtime.credentials import File, TokenStore


class Memory:
    def at(self, server: str, database: str) -> "Memory":
        return self

    def load(self) -> str | None:
        return None

    def save(self, token: str) -> None: ...

    def refused(self, error: AuthError) -> None: ...


class Forgetful:
    def at(self, server: str, database: str) -> "Forgetful":
        return self

    def load(self) -> str | None:
        return None


store: TokenStore = File("game")
store = Memory()
store = Forgetful()  # reject: assignment reportAssignmentType

reveal_type(credentials.File("game", drop_refused=True, shared=True))  # accept: File
reveal_type(File("game").load())  # accept: str | None
reveal_type(File("game").at("http://localhost:3000", "my-module"))  # accept: File
File("game").save(None)  # reject: arg-type reportArgumentType
File("game", True)  # reject: call-arg reportCallIssue
File()  # reject: call-arg reportCallIssue

connect("http://localhost:3000", "my-module", token_store=File("game"))
connect("http://localhost:3000", "my-module", token_store=Memory())
connect("http://localhost:3000", "my-module", token_store="game")  # reject: arg-type reportArgumentType
connect("http://localhost:3000", "my-module", token_store=File)  # reject: arg-type reportArgumentType
