"""Measures of the bot without its model: intake, pipeline overhead, memory."""
