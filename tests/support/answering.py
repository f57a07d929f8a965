"""A server that answers HTTP requests with whatever bytes a test gives it."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable


@contextlib.asynccontextmanager
async def answering(answer: Callable[[str], bytes], *, drip: bool = False) -> AsyncGenerator[tuple[str, list[str]]]:
    """A server that answers each request by its head, as bytes; gives its address and the heads that it was sent."""
    heads: list[str] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
            reply = answer(heads[-1])
            if drip:
                for byte in reply * 1_000_000:
                    writer.write(bytes([byte]))
                    await writer.drain()
                    await asyncio.sleep(0.01)
            writer.write(reply)
            await writer.drain()
        except (OSError, EOFError):
            pass
        finally:
            writer.close()

    async with await asyncio.start_server(handle, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", heads
