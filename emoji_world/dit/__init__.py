"""The second emoji world: 256-pixel pictures, people young and old, and a transformer in SD 3's layout."""
