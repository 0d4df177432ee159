"""Tables, configuration, identities and errors. Imports nothing of ours."""
