"""What all tests share."""

from hypothesis import settings

# Slow machines and busy ones are not errors, and a run is to be the same every time.
settings.register_profile("default", deadline=None, derandomize=True)
settings.load_profile("default")
