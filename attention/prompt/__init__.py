"""The words of a prompt: tokens, a tree from rules or from spaCy, and which of them denote which people."""
