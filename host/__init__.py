"""Development only: a real ComfyUI, fetched, started and stopped; models of random weights."""
