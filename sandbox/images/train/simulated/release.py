"""Which ms-swift is installed: 3.7.1 in the training image, 4.6.0 in the one that stands on it."""

from importlib.metadata import version


def swift():
    """The version of ms-swift."""
    return version("ms-swift")


def is_4():
    """Whether it is of the line 4."""
    return swift().startswith("4.")
