"""The way out: claim checks to the units, bodies to those who may read them, receipts back."""
