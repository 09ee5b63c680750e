"""How sampling is steered: targets and their assignment, Fair Inference's directions, the SoftIoU energy."""
