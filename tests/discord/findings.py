"""What `earshot doctor` found, in a form that tests compare."""


def faults(found):
    """List what is not well."""
    return [check for check in found if not check.ok]


def details(found):
    """List in words what was found."""
    return [check.detail for check in found]
