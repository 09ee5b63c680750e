"""Audits: prompts × seeds × methods on one ComfyUI or many, resumable, with a report a reviewer accepts.

python -m fair_attention.audit run STUDY.toml
"""
