"""Every drop of a run proved again, from the files themselves."""
