"""Publishing an adapter: to the model hub, or merged into its base as a folder or a GGUF file."""
