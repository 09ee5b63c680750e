"""What Fair Inference is held against: the published methods of the same end, by their own formulas."""
