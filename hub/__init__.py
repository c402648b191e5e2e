"""The running service: intake, delivery, audit, store, transport, identity, API, command line."""
