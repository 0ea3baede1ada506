"""The command lines of the tuning code: options and help; what they do stands in the modules."""
