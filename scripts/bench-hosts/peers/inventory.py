"""The hosts of the site in the current folder, for pyinfra; the keys of the mesh are made here, once for all hosts."""

import os
import subprocess

files_by = os.environ["BENCH_FILES_BY"]
make_keys = os.path.join(os.environ["BENCH_PEERS"], "make-keys")
subprocess.run([make_keys] + (["--archives"] if files_by == "archive" else []), check=True)

with open("hosts", encoding="utf-8") as lines:
    places = [line.split() for line in lines]

nodes = (
    [(name, {"ssh_hostname": address, "ssh_port": int(port)}) for name, address, port in places],
    {
        "ssh_user": "root",
        "ssh_key": os.path.abspath("id_ed25519"),
        "ssh_known_hosts_file": os.path.abspath("known_hosts"),
        "ssh_strict_host_key_checking": "yes",
        "files_by": files_by,
        "peers": os.environ["BENCH_PEERS"],
    },
)
