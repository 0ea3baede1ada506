"""The model side of Earshot: the worker, its prefix cache, and later the tuning.

Knows no chat platform and no database.
"""
