"""A language server, asked as an editor asks it: what a hover shows, and what completion offers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).resolve().parents[2]


class LanguageServer:
    """basedpyright's language server, on a folder.

    Args:
        folder: the folder of the files that it is asked about.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._last_id = 0

    def __enter__(self) -> Self:
        (self._folder / "pyrightconfig.json").write_text(
            json.dumps({"extraPaths": [str(ROOT), str(ROOT / "examples" / "game")]})
        )
        program = Path(sys.executable).with_name("basedpyright-langserver")
        self._process = subprocess.Popen([program, "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        uri = self._folder.as_uri()
        capabilities = {"textDocument": {"hover": {"contentFormat": ["plaintext"]}}}
        workspace = {"workspaceFolders": [{"uri": uri, "name": "x"}], "rootUri": uri}
        self._ask("initialize", {"processId": os.getpid(), "capabilities": capabilities, **workspace})
        self._send({"method": "initialized", "params": {}})
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.communicate()

    def hover(self, source: str, word: str) -> str:
        """The text of a hover over the last place of a word in a file."""
        answer = self._ask_of("textDocument/hover", source, source.rindex(word))
        assert answer is not None, f"a hover over {word!r} shows nothing"
        text: str = answer["contents"]["value"]
        return text

    def completion(self, source: str) -> set[str]:
        """What is offered at the end of a file."""
        answer = self._ask_of("textDocument/completion", source, len(source))
        offered: list[dict[str, Any]] = answer["items"]  # Any: the parts of an item
        return {item["label"] for item in offered}

    def _ask_of(self, method: str, source: str, position: int) -> Any:  # Any: what the method answers
        """Ask of a position in a file that is open during the question."""
        path = self._folder / "asked.py"
        path.write_text(source)
        before = source[:position]
        place = {"line": before.count("\n"), "character": len(before) - (before.rfind("\n") + 1)}
        document: dict[str, Any] = {"uri": path.as_uri(), "languageId": "python", "version": 1, "text": source}
        self._send({"method": "textDocument/didOpen", "params": {"textDocument": document}})
        answer = self._ask(method, {"textDocument": {"uri": path.as_uri()}, "position": place})
        self._send({"method": "textDocument/didClose", "params": {"textDocument": {"uri": path.as_uri()}}})
        return answer

    def _ask(self, method: str, params: dict[str, Any]) -> Any:  # Any: what the method answers
        self._last_id += 1
        self._send({"id": self._last_id, "method": method, "params": params})
        while True:
            message = self._receive()
            if message.get("id") == self._last_id and "method" not in message:
                return message["result"]
            if "id" in message:  # the server asks something, such as for its configuration
                items = message.get("params", {}).get("items", [])
                self._send({"id": message["id"], "result": [{} for _ in items] or None})

    def _send(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self._process.stdin.flush()

    def _receive(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        length = 0
        while line := self._process.stdout.readline().strip():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        assert length, "the language server has ended"
        message: dict[str, Any] = json.loads(self._process.stdout.read(length))
        return message
