"""Makes small wheels of pure Python for tests: wheels.py FOLDER NAME==VERSION[=FILE][,DEPENDENCY]... ...

Each holds one module named after the package, with __version__. With FILE that is the module, and its main() a program of that name.
"""

import base64
import hashlib
import os
import sys
import zipfile


def record_line(name, data):
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return f"{name},sha256={digest},{len(data)}\n"


def make(folder, text):
    pin, *dependencies = text.split(",")
    name, version, *program = pin.replace("==", "=").split("=")
    module = name.replace("-", "_")
    info = f"{module}-{version}.dist-info"
    requires = "".join(f"Requires-Dist: {each}\n" for each in dependencies)
    source = f'__version__ = "{version}"\n'
    if program:
        with open(program[0], encoding="utf-8") as file:
            source = file.read()
    files = {
        f"{module}.py": source,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{requires}",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: muster-test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    if program:
        files[f"{info}/entry_points.txt"] = f"[console_scripts]\n{name} = {module}:main\n"
    record = "".join(record_line(path, data.encode()) for path, data in files.items())
    files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n"
    with zipfile.ZipFile(os.path.join(folder, f"{module}-{version}-py3-none-any.whl"), "w") as wheel:
        for path, data in files.items():
            wheel.writestr(path, data)


os.makedirs(sys.argv[1], exist_ok=True)
for each in sys.argv[2:]:
    make(sys.argv[1], each)
