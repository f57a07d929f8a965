"""The asyncio driver: sockets, HTTP, timers and tasks."""
