"""SoftIoU energy guidance: the energy, its update, its plan and what became of each step."""
