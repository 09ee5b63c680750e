"""What the host keeps for its user: colours, presets."""
