"""What the hub tells its operators: logs, metrics, and the context that ties them together. No personal
data."""
