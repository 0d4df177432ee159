"""rfdedup: turn a raw pile of images into a clean data set, with one proof per dropped image."""

__version__ = "0.1.0"
