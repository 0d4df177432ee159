"""What is made of a finished run: report, review, apply, export, verification, evaluation."""
