"""Numbers that tables and measurements agree on."""

THUMB_SIDE = 16
"""Side of the RGB thumbnail that corroborates hash links, pixels."""
