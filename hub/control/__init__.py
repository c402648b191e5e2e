"""What an administrator or an auditor wants to know of the hub: flows, one message's way, its health. Never a body."""
