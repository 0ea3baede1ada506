"""Judge a model on conversations: every message of a person, given the file's own history."""
