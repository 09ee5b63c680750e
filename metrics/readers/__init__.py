"""Readers of pictures: who is in them, and which attributes a viewer perceives them with."""

from .certificate import Certificate, Confusion
from .readings import AttributeReader, ReadAttributes, Reading, Source, labels_of

__all__ = ["AttributeReader", "Certificate", "Confusion", "ReadAttributes", "Reading", "Source", "labels_of"]
