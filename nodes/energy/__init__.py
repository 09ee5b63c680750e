"""How energy guidance meets a sampler."""
