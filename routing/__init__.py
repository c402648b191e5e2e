"""Pure decisions: directory, rulebook, lifecycle, consent, disclosure. No I/O, no clock, no async."""
