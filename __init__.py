"""Fair Attention."""
