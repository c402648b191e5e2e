"""Where everything durable is kept: the port, and the technologies behind it."""
