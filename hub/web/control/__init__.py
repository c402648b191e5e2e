"""The control room: flows, one message's way, search, health, and what administrators decide about. Never a body."""
