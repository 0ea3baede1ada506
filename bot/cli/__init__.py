"""The command line `earshot`: one module a command, thin, with the substance elsewhere."""
