"""How fair, how entangled and how unchanged the pictures are."""
