"""``python -m rfdedup``."""

from rfdedup.cli.main import entry

if __name__ == "__main__":
    entry()
