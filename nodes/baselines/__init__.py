"""The methods Fair Inference is held against, as nodes: how each meets a prompt, a model's weights or a sampler."""
