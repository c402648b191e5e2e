"""The reference documents that are written from schemas and rules, so that page and hub say the same."""
