"""``python -m rfdedup``."""

from rfdedup.cli.main import main

if __name__ == "__main__":
    main()
