"""The tiers of the funnel: quality, hashes, embeddings."""

THUMB_SIDE = 16
"""Side of the RGB thumbnail that corroborates hash links, pixels."""
