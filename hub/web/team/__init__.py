"""The team's desk: what a unit's officers read, send and follow. Everything goes the way of every other message."""
