"""Defaults of the environment for every Python of /opt/swift, however it is started.

A session over SSH without PAM gets neither the image's ENV nor /etc/environment. simulated.pth imports this module at
the start of the interpreter, before any library reads these. What is set already stays.
"""

import os

DEFAULTS = {
    "USE_LIBUV": "0",
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "OMP_NUM_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
}

for name, value in DEFAULTS.items():
    os.environ.setdefault(name, value)
