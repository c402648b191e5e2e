"""How claim checks reach the units: the port, and the technologies behind it."""
