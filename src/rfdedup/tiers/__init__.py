"""The tiers of the funnel: quality, hashes, embeddings."""
