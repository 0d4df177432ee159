"""The funnel as a whole, made of the stages."""
