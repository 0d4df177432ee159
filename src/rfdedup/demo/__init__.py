"""Shipped photos, the planter that hides copies and junk among photos, and the demo built on both."""
