"""The client without I/O: requests in flight, subscriptions, the cache, callbacks."""
