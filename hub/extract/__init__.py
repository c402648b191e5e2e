"""The register extract: what the hub has about one person, for that person (GDPR art. 15)."""
