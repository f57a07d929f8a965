"""Asyncio driver: sockets, HTTP, timers and tasks."""
