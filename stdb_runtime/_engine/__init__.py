"""Client engine: pending requests, subscriptions, client cache, callbacks."""
