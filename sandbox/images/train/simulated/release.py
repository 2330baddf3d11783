"""Which ms-swift is installed: 3.7.1 in the training image, a later one in the image that stands on it."""

from importlib.metadata import version

SWIFT = version("ms-swift")
IS_4 = SWIFT.startswith("4.")
