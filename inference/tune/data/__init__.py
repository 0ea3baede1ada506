"""Conversations as data: checked, written by a model, imported from chat platforms.

Runs without torch: data is made and looked at on any machine.
"""
