"""Measurements of the model side; each file measures one thing and prints it."""
