"""Nodes that measure pictures."""
