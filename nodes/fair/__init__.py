"""How Fair Inference meets a sampler."""
