"""Gallring: what the hub erases by itself, when and why, what holds it back, and what a restored backup must lose."""
