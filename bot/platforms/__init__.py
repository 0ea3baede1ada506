"""The chat platforms: each turns its own events into messages, and posts what Earshot says."""
