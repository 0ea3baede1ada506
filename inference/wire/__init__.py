"""What bot and worker agree on: the chat form, its turns, the markers, the score of a decision.

Pure standard library. The bot imports this package and nothing else of `inference`; training renders
its examples with the same functions that serving uses, so the two cannot drift apart.
"""
