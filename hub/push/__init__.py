"""Claim checks by webhook: where they may go, how they are signed, and when they are tried again."""
