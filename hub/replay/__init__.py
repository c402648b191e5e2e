"""Past messages decided again, by one rulebook and by another."""
