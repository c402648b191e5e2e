"""The way in: from bytes to an accepted message or a refusal."""
