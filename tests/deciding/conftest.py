from hypothesis import settings

# The same examples in every run, and no limit of time: the machine may be busy with other things.
settings.register_profile("earshot", derandomize=True, deadline=None)
settings.load_profile("earshot")
