"""What the soaks of all platforms share: the bot as a process, its model, its history, its figures."""
