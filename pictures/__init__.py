"""What people look at: outlines, heat maps, charts. Knows no host."""
