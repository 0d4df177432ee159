"""This process: cores, progress, compiled loops."""
