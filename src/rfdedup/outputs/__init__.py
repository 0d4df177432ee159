"""What is made of a finished run: report, review, search, apply, export, verification, evaluation."""
