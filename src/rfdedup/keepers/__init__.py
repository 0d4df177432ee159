"""Which image of a group stays."""
