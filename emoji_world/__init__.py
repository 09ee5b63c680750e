"""The emoji world: a small, trained, deliberately biased text-to-image model whose people can be read exactly.

It is the default checkpoint of the demo and the instrument of every measurement. Its people are drawn symbols:
a controlled test of the methods in this pack, no statement about real pictures or real people.
"""
