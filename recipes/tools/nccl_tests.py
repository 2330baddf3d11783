"""nccl-tests' all_reduce_perf, where the nodes have it: what it measures, beside the gate's own measurement.

Over all ranks it needs a build with MPI on every node and Open MPI's mpirun on the first one; else each node measures its own GPUs, which tells
of NVLink and PCIe and nothing of the network. Standard library only.

Which program and which variables are another node's, is asked over the mesh's ssh: by this file, run there with the run of the job. What
anybody could say at the master's port is not what is run as root."""

import argparse
import concurrent.futures
import glob
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import threading

import child
import nccl_output
import report

# nccl-tests' Makefile: NAME_SUFFIX=_mpi is for builds with MPI=1.
NAMES = ("all_reduce_perf_mpi", "all_reduce_perf")
PLACES = ("/opt/nccl-tests/build", "/opt/nccl-tests", "/usr/local/nccl-tests/build", "/usr/local/bin", "/usr/bin", "/workspace/nccl-tests/build")
SECONDS = 120
VERSION_SECONDS = 20
ASK_SECONDS = 30
RANK_LINE = re.compile(rb"#\s+Rank ")


def programs(path, places):
    """What there is of it: at `path` alone if one is given."""
    candidates = [path] if path else [os.path.join(place, name) for name in NAMES for place in places]
    return [each for each in candidates if os.path.isfile(each) and os.access(each, os.X_OK)]


def has_mpi(program):
    """A build without MPI runs under mpirun too, as so many tests of one rank each."""
    with open(program, "rb") as file:
        return b"MPI_Init" in file.read()


def open_mpi():
    """The path of Open MPI's mpirun, or nothing: others take other options."""
    path = shutil.which("mpirun")
    if path is None:
        return ""
    try:
        told = subprocess.run([path, "--version"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=VERSION_SECONDS, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return path if b"Open MPI" in told else ""


def offer(path=None, several=True, environ=os.environ):
    """What this node has, and the variables that its ranks need there."""
    found = programs(path, (*environ.get("PATH", "").split(":"), *PLACES))
    with_mpi = [program for program in found if has_mpi(program)]
    without = [program for program in found if program not in with_mpi]
    best = (with_mpi + without if several else without + with_mpi)[:1]
    wanted = re.compile(r"(NCCL|UCX)_|(CUDA_VISIBLE_DEVICES|LD_LIBRARY_PATH|MUSTER_JOB)$")
    return {
        "program": best[0] if best else "",
        "mpi": bool(best) and best[0] in with_mpi,
        "mpirun": open_mpi() if best and several else "",
        # As Open MPI's daemons name themselves.
        "host": os.uname().nodename.split(".")[0],
        "env": {name: value for name, value in environ.items() if wanted.match(name)},
    }


def public(own):
    """What the other nodes hear of it."""
    return {"has": bool(own["program"]), "mpi": own["mpi"], "mpirun": bool(own["mpirun"])}


def plan(has, per_node):
    """How to measure with what the nodes have, in rank order: over "all" ranks, in each "node", or not at all, and why not more."""
    lacking = [node for node, each in has.items() if not each["has"]]
    if lacking:
        return {"over": None, "why": f"no all_reduce_perf on {', '.join(lacking)}"}
    if len(has) * per_node < 2:
        return {"over": None, "why": "one rank alone reduces nothing"}
    first, without = next(iter(has)), [node for node, each in has.items() if not each["mpi"]]
    why = f"all_reduce_perf is not built with MPI on {', '.join(without)}" if without else ""
    why = why or ("" if has[first]["mpirun"] else f"no mpirun of Open MPI on {first}")
    if len(has) > 1 and not why:
        return {"over": "all", "why": ""}
    return {"over": "node" if per_node > 1 else None, "why": why if len(has) > 1 else ""}


def asked(node, run, path):
    """What another node has. @raises OSError, ValueError, subprocess.SubprocessError"""
    words = [sys.executable, os.path.abspath(__file__), run, *(["--path", path] if path else [])]
    argv = ["ssh", "-o", "BatchMode=yes", "-o", "ConnectTimeout=15", node, " ".join(map(shlex.quote, words))]
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=ASK_SECONDS, check=False)
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise ConnectionError(f"{node}: {said[-1] if said else f'ssh ended with {done.returncode}'}")
    return json.loads(done.stdout)


def offers_of(own, first, nodes, path):
    """Of all nodes, in rank order: own of the first one."""
    with concurrent.futures.ThreadPoolExecutor(max_workers=16) as pool:
        others = {node: pool.submit(asked, node, run_of(os.environ["MUSTER_JOB"]), path) for node in nodes if node != first}
        return {node: own if node == first else others[node].result() for node in nodes}


def run_of(mark):
    """The job and its run, of the mark of one rank (JOB:CLUSTER/RUN:RANK.)."""
    return mark.rpartition(":")[0]


def launcher_environment(run):
    """Variables of this run's process on this node."""
    for folder in glob.glob("/proc/[0-9]*"):
        try:
            with open(f"{folder}/environ", "rb") as environ, open(f"{folder}/cmdline", "rb") as cmdline:
                pairs = [pair.partition("=") for pair in environ.read().decode(errors="replace").split("\0")]
                variables = {name: value for name, _, value in pairs}
                if run_of(variables.get("MUSTER_JOB", "")) == run and b"/fabric.py\0" in cmdline.read():
                    return variables
        except OSError:
            continue
    raise SystemExit("no gate runs here")


def of_size(mib):
    return ["-b", f"{mib}M", "-e", f"{mib}M", "-f", "2", "-w", "5", "-n", "20", "-c", "1"]


def mpirun_command(offers, per_node, mib):
    """Each node's ranks with its own program and variables, in rank order."""
    parts = []
    for each in offers.values():
        variables = [word for name, value in sorted(each["env"].items()) for word in ("-x", f"{name}={value}")]
        parts.append(["-np", str(per_node), "--host", f"{each['host']}:{per_node}", *variables, each["program"], *of_size(mib), "-g", "1"])
    words = [word for part in parts for word in (":", *part)][1:]
    return [next(iter(offers.values()))["mpirun"], "--bind-to", "none", *words]


def mpirun_variables(addresses, folder):
    """MPI itself only starts the ranks and makes them meet: over the plan's addresses, by plain TCP, all started from here by `folder`/ssh."""
    variables = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", "PATH": f"{folder}:{os.environ['PATH']}"}
    variables.update({"OMPI_MCA_pml": "ob1", "OMPI_MCA_btl": "^openib", "OMPI_MCA_coll_hcoll_enable": "0"})
    variables.update({"OMPI_MCA_plm_rsh_no_tree_spawn": "1", "PRTE_MCA_plm_ssh_no_tree_spawn": "1"})
    if all(":" not in address for address in addresses):
        own = ",".join(f"{address}/32" for address in addresses)
        # Open MPI 4, and the launcher of Open MPI 5.
        variables.update({"OMPI_MCA_oob_tcp_if_include": own, "OMPI_MCA_btl_tcp_if_include": own, "PRTE_MCA_prte_if_include": own})
    return variables


def ssh_script(offers, ssh):
    """Open MPI wants the hosts' own names; the mesh knows the nodes'."""
    cases = "".join(f"  {shlex.quote(each['host'])}) host={shlex.quote(node)} ;;\n" for node, each in offers.items())
    return f"""#!/bin/sh
options=
while case $1 in -*) true ;; *) false ;; esac; do options="$options $1"; shift; done
host=$1; shift
case $host in
{cases}esac
exec {shlex.quote(ssh)} $options "$host" "$@"
"""


def run(argv, env, seconds, children):
    """Its output, and how it ended if that was not well."""
    lines, started = [], child.Child(argv, env={**os.environ, **env}, reads_output=True)
    children.append(started)
    ended = []
    # A line a rank would push what was measured before out of the end of the log.
    reader = threading.Thread(target=lambda: ended.append(started.follow(lines.append, RANK_LINE.match)), daemon=True)
    reader.start()
    reader.join(seconds)
    is_late = reader.is_alive()
    for number in (15, 9):
        if reader.is_alive():
            started.send(number)
            reader.join(5)
    text = "".join(lines)
    if is_late:
        return text, f"it did not end within {round(seconds)} s"
    return text, "" if ended[0] == 0 else started.ended()


class Beside:
    """nccl-tests of this node, beside the gate's own measurement."""

    def __init__(self, node, nodes, per_node, path):
        self.node, self.nodes, self.per_node, self.path = node, nodes, per_node, path
        self.own = offer(path, len(nodes) > 1)
        self.offers, self.chosen, self.failed = {}, {}, ""

    def choose(self, has):
        """`has`: what is public of each node. While all nodes are at the gate, the first one asks for the rest."""
        self.chosen = plan(has, self.per_node)
        if self.chosen["over"] == "all" and self.node == self.nodes[0]:
            try:
                self.offers = offers_of(self.own, self.node, self.nodes, self.path)
            except (OSError, ValueError, subprocess.SubprocessError) as error:
                self.failed = f"another node could not be asked over the mesh's ssh: {error}"[:300]
            hosts = [each["host"] for each in self.offers.values()]
            if len(set(hosts)) < len(hosts):
                self.failed = f"Open MPI needs hosts with names of their own, and these are called {', '.join(sorted(hosts))}"[:300]

    def measure(self, addresses, mib, seconds, children):
        """Tells what it measures; the first node for all."""
        is_first, over = self.node == self.nodes[0], self.chosen["over"]
        if over == "all" and is_first and not self.failed:
            with tempfile.TemporaryDirectory(prefix="muster-gate-") as folder:
                with open(os.path.join(folder, "ssh"), "w", opener=lambda path, flags: os.open(path, flags, 0o700)) as file:
                    file.write(ssh_script(self.offers, shutil.which("ssh") or "ssh"))
                argv, env = mpirun_command(self.offers, self.per_node, mib), mpirun_variables(addresses, folder)
                self.tell(nccl_output.finding(*run(argv, env, seconds, children), len(self.nodes) * self.per_node, mib))
        elif over == "node":
            argv = [self.own["program"], *of_size(mib), "-g", str(self.per_node)]
            self.tell(nccl_output.finding(*run(argv, {}, seconds, children), self.per_node, mib))
        elif is_first:
            self.tell({"told": self.failed} if self.failed else {})

    def tell(self, found):
        report.tell("nccl-tests", **self.chosen, **found)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", help="of the job whose variables are meant")
    parser.add_argument("--path")
    args = parser.parse_args()
    print(json.dumps(offer(args.path, True, launcher_environment(args.run))))


if __name__ == "__main__":
    main()
