#!/usr/bin/env python3
"""Whether this Python has what is required of it; nothing is installed. Runs under the Python that is asked about, 3.8 or newer.

  freeze FILE                                          writes name==version of every installed package, as constraints for pip
  constraints FILE [--free NAME]...                    prints the constraints without those of the named packages
  check [--constraints FILE] [--free NAME]... REQ...   whether the requirements are met and no constraint is broken
  broken FILE [--free NAME]...                         prints the constraints that are broken
  editable NAME FOLDER                                 whether the package is installed from this folder, as `pip install -e` does

Exit status: 0 yes, 3 no (standard output says why), anything else: it could not tell.
"""

import argparse
import json
import os
import re
import sys
from importlib import metadata
from urllib.parse import unquote, urlparse

try:
    from packaging.requirements import Requirement
    from packaging.version import InvalidVersion, Version
except ImportError:
    from pip._vendor.packaging.requirements import Requirement
    from pip._vendor.packaging.version import InvalidVersion, Version

NOT_MET = 3


def normal(name):
    """PEP 503: Flash_Attn and flash-attn are one package."""
    return re.sub(r"[-_.]+", "-", name).lower()


def installed(name):
    """Version of an installed package, or None."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def frozen():
    """Constraints for what is installed. pip itself may be upgraded; a version that pip cannot read is left out."""
    lines = {}
    for package in metadata.distributions():
        name = package.metadata["Name"]
        try:
            version = str(Version(package.version))
        except (InvalidVersion, TypeError):
            continue
        if name and normal(name) != "pip":
            lines.setdefault(normal(name), f"{name}=={version}")
    return [lines[name] for name in sorted(lines)]


def constraints(path, free):
    """Constraints of a file, without those of the packages in `free`."""
    with open(path, encoding="utf-8") as file:
        lines = [line.split("#")[0].strip() for line in file]
    rows = [Requirement(line) for line in lines if line]
    return [row for row in rows if normal(row.name) not in free]


def fits(requirement, version):
    """Whether a version is in the requirement's range; pre-releases are, if somebody has installed one."""
    return requirement.specifier.contains(version, prereleases=True)


def broken(path, free):
    """Constraints that an installed package does not keep."""
    rows = ((row, installed(row.name)) for row in constraints(path, free))
    return [(row, version) for row, version in rows if version is not None and not fits(row, version)]


def unmet(texts):
    """A line for each requirement that is not met."""
    for text in texts:
        requirement = Requirement(text)
        if requirement.marker is not None and not requirement.marker.evaluate():
            continue
        version = installed(requirement.name)
        if version is None:
            yield f"{requirement.name} is not installed, {text} is wanted"
        elif not fits(requirement, version):
            yield f"{requirement.name} {version} is installed, {text} is wanted"


def editable_reason(name, folder):
    """Why the package is not installed from the folder; None if it is."""
    try:
        text = metadata.distribution(name).read_text("direct_url.json")
    except metadata.PackageNotFoundError:
        return f"{name} is not installed"
    origin = json.loads(text or "{}")
    place = unquote(urlparse(origin.get("url", "")).path)
    if not origin.get("dir_info", {}).get("editable") or os.path.realpath(place) != os.path.realpath(folder):
        return f"{name} is not installed from {folder}"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("verb", choices=["freeze", "constraints", "check", "broken", "editable"])
    parser.add_argument("words", nargs="*")
    parser.add_argument("--constraints")
    parser.add_argument("--free", action="append", default=[])
    args = parser.parse_intermixed_args()
    free = {normal(name) for name in args.free}
    if args.verb == "freeze":
        path = args.words[0]
        with open(path + ".partial", "w", encoding="utf-8") as file:
            file.write("".join(f"{line}\n" for line in frozen()))
        os.replace(path + ".partial", path)
        return 0
    if args.verb == "constraints":
        print("".join(f"{row}\n" for row in constraints(args.words[0], free)), end="")
        return 0
    if args.verb == "broken":
        rows = broken(args.words[0], free)
        print("".join(f"{row}\n" for row, _ in rows), end="")
        return NOT_MET if rows else 0
    if args.verb == "editable":
        reason = editable_reason(*args.words)
        reasons = [reason] if reason else []
    else:
        reasons = list(unmet(args.words))
        if args.constraints:
            reasons += [f"{row.name} {version} is installed, the constraint is {row}" for row, version in broken(args.constraints, free)]
    print("; ".join(reasons))
    return NOT_MET if reasons else 0


if __name__ == "__main__":
    sys.exit(main())
