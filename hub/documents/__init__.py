"""Documents for people: PDF on A4, in Swedish, without a browser."""
