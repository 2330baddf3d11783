"""The gate on one node: first whether the nodes reach each other, then one process a GPU that measures all-reduces, then nccl-tests if they
are there.

What it finds it tells in lines that begin with `muster-gate` (report.py). It ends with 0 when it has told all there is, whether that is
good or bad, and with 1 when a rank died: then the job ends the others. It never outlives its time limit."""

import argparse
import os
import sys
import tempfile
import threading
import time

import child
import nccl_tests
import reach
import report

REGISTER_SECONDS = 30
NAP_SECONDS = 0.1


class Worker:
    """A rank, and the last that it said."""

    def __init__(self, local, args, logs):
        per_node = args.ranks_per_node
        self.rank = args.nodes.index(args.node) * per_node + local
        self.phase, self.said = "starting", ""
        nccl = {"NCCL_DEBUG": "INFO", "NCCL_DEBUG_SUBSYS": "INIT,NET", "NCCL_DEBUG_FILE": os.path.join(logs, "nccl.%h.%p")}
        world = {"RANK": self.rank, "LOCAL_RANK": local, "WORLD_SIZE": per_node * len(args.nodes)}
        env = {**os.environ, **nccl, **{name: str(value) for name, value in world.items()}, "OMP_NUM_THREADS": "1"}
        options = ["--nodes", ",".join(args.nodes), "--ranks-per-node", str(per_node), "--sizes-mib", args.sizes_mib]
        options += ["--pairs", args.pairs, "--seconds", str(args.seconds), "--nccl-logs", logs]
        program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "all_reduce.py")
        self.child = child.Child([sys.executable, program, *options], env=env, reads_output=True)
        self.status = None
        self.reader = threading.Thread(target=self.follow, daemon=True)
        self.reader.start()

    def follow(self):
        self.status = self.child.follow(self.hear)

    def hear(self, line):
        words = line.strip()
        if words.startswith(f"{report.MARK}-phase "):
            self.phase = words.split(" ", 1)[1]
        elif words:
            self.said = words

    def kill(self):
        self.child.send(9)
        self.reader.join()


def at_work(workers):
    return sorted({worker.phase for worker in workers if worker.status != 0})


def measure(args, deadline, children, told_to_end):
    """The workers' part. The exit status of the node. `told_to_end` gets a signal when the job is ended."""
    with tempfile.TemporaryDirectory(prefix="muster-gate-") as logs:
        workers = []
        for local in range(args.ranks_per_node):
            workers.append(Worker(local, args, logs))
            children.append(workers[-1].child)
        while not deadline.is_over():
            if told_to_end:
                # What happens to the ranks from now on is no fault of theirs.
                report.tell("stopped", seconds=args.seconds, phases=at_work(workers))
                break
            dead = [worker for worker in workers if worker.status not in (None, 0)]
            if dead:
                time.sleep(NAP_SECONDS * 5)
                report.tell("died", ranks=[{"rank": each.rank, "phase": each.phase, "said": each.said[:300]} for each in dead])
                break
            if all(worker.status == 0 for worker in workers):
                return 0
            time.sleep(NAP_SECONDS)
        else:
            report.tell("stuck", seconds=args.seconds, phases=at_work(workers))
        for worker in workers:
            worker.kill()
        return 1


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--node", required=True)
    parser.add_argument("--nodes", required=True, type=lambda text: text.split(","))
    parser.add_argument("--ranks-per-node", required=True, type=int)
    parser.add_argument("--sizes-mib", required=True)
    parser.add_argument("--pairs", choices=["auto", "always", "never"], default="auto")
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--nccl-tests", choices=["auto", "off", "require"], default="auto")
    parser.add_argument("--nccl-tests-path")
    args = parser.parse_args()
    os.environ["MUSTER_NODE"] = args.node
    deadline = reach.Deadline(args.seconds)
    children, told_to_end = [], []
    child.hand_on_signals(children, told_to_end)
    beside = None
    own = {"address": os.environ.get("MUSTER_NODE_ADDRESS", "")}
    if args.nccl_tests != "off":
        beside = nccl_tests.Beside(args.node, args.nodes, args.ranks_per_node, args.nccl_tests_path)
        own["ncclTests"] = nccl_tests.public(beside.own)
    nodes = {args.node: own}
    if len(args.nodes) > 1:
        master = (os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"]))
        found = reach.check(args.node, args.nodes, own, master, min(REGISTER_SECONDS, args.seconds / 4))
        report.tell("reach", failed=found["failed"], missing=found["missing"])
        if not found["go"]:
            sys.exit(0)
        nodes = found["nodes"]
    if beside:
        beside.choose({node: nodes[node]["ncclTests"] for node in args.nodes})
    status = measure(args, deadline, children, told_to_end)
    if beside and status == 0:
        mib = max(map(int, args.sizes_mib.split(",")))
        beside.measure([nodes[node]["address"] for node in args.nodes], mib, deadline.left(nccl_tests.SECONDS), children)
    sys.exit(status)


if __name__ == "__main__":
    main()
