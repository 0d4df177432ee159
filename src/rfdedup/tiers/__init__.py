"""The tiers of the funnel: quality, hashes, embeddings."""

from rfdedup.constants import THUMB_SIDE as THUMB_SIDE
