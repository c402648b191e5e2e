"""For a case system that can only read and write files in a folder."""
