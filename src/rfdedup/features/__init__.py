"""What is measured of one image. Pure functions."""
