"""The tamper-evident log: what happened, to which message, on whose word and on what ground. No personal
data."""
