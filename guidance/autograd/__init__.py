"""Gradients through a network that was loaded without them in mind."""
