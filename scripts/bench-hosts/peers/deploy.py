"""The same work by pyinfra's own operations. files_by: `put` as documented, `archive` as a tar that is unpacked there."""

import os

from pyinfra import host
from pyinfra.facts.server import Command
from pyinfra.operations import files, server

ROOT = "/var/lib/muster/bench"


def text(name):
    """A script beside this file."""
    with open(os.path.join(host.data.peers, name), encoding="utf-8") as script:
        return script.read()


def mode_of(path):
    """Its permissions in octal digits."""
    return f"{os.stat(path).st_mode & 0o777:o}"


host.get_fact(Command, command=text("facts.sh"))

if host.data.files_by == "archive":
    archive = f"{ROOT}.tar"
    files.directory(name="Parent folder", path=os.path.dirname(ROOT), mode="700")
    files.put(name="Archive", src=f"archives/{host.name}.tar", dest=archive, mode="600")
    server.shell(name="Files", commands=[f"umask 077; mkdir -p {ROOT} && tar -C {ROOT} -xf {archive} && rm {archive}"])
else:
    files.directory(name="Parent folder", path=os.path.dirname(ROOT), mode="700")
    tree = f"files/{host.name}"
    for folder, _, names in os.walk(tree):
        there = os.path.normpath(os.path.join(ROOT, os.path.relpath(folder, tree)))
        files.directory(name=f"Folder {there}", path=there, mode=mode_of(folder), user="root", group="root")
        for name in sorted(names):
            source = os.path.join(folder, name)
            target = f"{there}/{name}"
            files.put(name=f"File {target}", src=source, dest=target, mode=mode_of(source), user="root", group="root")

running = host.get_fact(Command, command="docker inspect -f '{{.State.Running}}' ms 2>/dev/null || true")
if running != "true":
    server.shell(name="Container", commands=[text("container.sh")])
