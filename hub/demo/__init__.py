"""`samverkan serve --demo`: invented persons' cases, played over HTTP by the client library, told step by step."""
