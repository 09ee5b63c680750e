"""Fair Inference: targets, their assignment, the people, the directions, and what a second pass knows."""
