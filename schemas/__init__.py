"""The shared language: the envelope, one JSON Schema per message type and version, code lists, identifiers."""
