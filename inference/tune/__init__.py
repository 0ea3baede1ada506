"""From a pile of conversations to a calibrated adapter: data, training, evaluation, publishing.

Each command is one module read from top to bottom. Nothing here knows of a server or a platform.
"""
