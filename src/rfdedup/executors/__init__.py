"""Who does the work: supervised worker processes, and the tasks that they are given."""
