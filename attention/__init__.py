"""What a U-Net's cross-attention says: tokens, alignment, capture, maps, voting, individuals. Knows no host."""
