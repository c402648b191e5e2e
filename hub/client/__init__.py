"""The public client library: what an agency's own system uses to speak with the hub."""
