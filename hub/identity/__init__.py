"""Who calls: tokens in, a unit out."""
