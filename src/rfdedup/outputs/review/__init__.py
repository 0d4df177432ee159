"""The review page: people look at groups and drops, and change verdicts before anything is applied."""
