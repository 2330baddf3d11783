"""One rank of the gate: all-reduces over all ranks, then over pairs of nodes, and over halves where these tell nothing. Sums are exact integers, so a wrong one
is seen; bus bandwidth is nccl-tests': 2 (n - 1) / n x bytes / seconds, GB = 1e9 bytes. Started by fabric.py, which sets the variables
that torch.distributed reads. With CUDA devices it uses NCCL, else Gloo."""

import argparse
import datetime
import glob
import os
import re
import time

import halving
import pair_rounds
import report

# How long one size is measured for, and how often at least and at most.
BUDGET_SECONDS = 1.0
LEAST, MOST = 3, 20
# More is not needed to see the speed of one way.
PAIR_MIB = 128
# Part of the time limit after which no other round of pairs or halves begins: who is slow must still be told.
LATE = 0.7


class Rank:
    """This process among the others."""

    def __init__(self, args):
        import torch
        import torch.distributed as dist

        self.torch, self.dist, self.args = torch, dist, args
        self.late_at = time.monotonic() + args.seconds * LATE
        self.rank, self.world = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
        cuda = torch.cuda.is_available()
        self.backend = "nccl" if cuda else "gloo"
        self.device = torch.device("cuda", int(os.environ["LOCAL_RANK"])) if cuda else torch.device("cpu")
        if cuda:
            torch.cuda.set_device(self.device)
        dist.init_process_group(self.backend, timeout=datetime.timedelta(seconds=args.seconds))

    def agree(self, values, group=None):
        """The largest that any rank of the group has, of each number."""
        tensor = self.torch.tensor(values, dtype=self.torch.float64, device=self.device)
        self.dist.all_reduce(tensor, op=self.dist.ReduceOp.MAX, group=group)
        return tensor.tolist()

    def timed(self, tensor, group):
        start = time.perf_counter()
        self.dist.all_reduce(tensor, group=group)
        if self.device.type == "cuda":
            self.torch.cuda.synchronize()
        return time.perf_counter() - start

    def measure(self, mib, ranks, group=None):
        """All-reduces of so many MiB among these ranks: {"seconds" of all tries, "wrong": elements with a wrong sum}."""
        torch = self.torch
        count = mib * 2**20 // 4
        pattern = torch.arange(count, device=self.device).remainder_(7).to(torch.float32)
        tensor = pattern + (self.rank + 1)
        self.dist.all_reduce(tensor, group=group)
        expected = pattern * len(ranks) + sum(rank + 1 for rank in ranks)
        wrong = int((tensor != expected).sum().item())
        tensor.zero_()
        first = self.agree([self.timed(tensor, group)], group)[0]
        tries = int(max(LEAST, min(MOST, BUDGET_SECONDS / first)))
        seconds = self.agree([self.timed(tensor, group) for _ in range(tries)], group)
        return {"seconds": seconds, "wrong": int(self.agree([wrong], group)[0])}

    def busbw(self, mib, ranks, seconds):
        count = len(ranks)
        return 2 * (count - 1) / count * mib * 2**20 / seconds / 1e9

    def whole(self):
        """A row for each size, over all ranks."""
        ranks = range(self.world)
        rows = []
        for mib in self.args.sizes_mib:
            report.phase(f"all-reduce of {mib} MiB over all ranks")
            found = self.measure(mib, ranks)
            middle = sorted(found["seconds"])[len(found["seconds"]) // 2]
            rows.append({"sizeMib": mib, "busbwGBps": round(self.busbw(mib, ranks, middle), 4), "wrong": found["wrong"]})
        return rows

    def group_of(self, ranks):
        """torch (2.6 to 2.11) names such a group by its ranks and by how many groups the process has made, and waits for the others under that
        name. So every rank makes one a round, if need be of itself alone."""
        return self.dist.new_group(list(ranks), use_local_synchronization=True)

    def done_with(self, group):
        """Each of NCCL's holds memory of the GPU. In its place comes one of this rank alone, so that the number of groups only grows."""
        if self.backend == "nccl":
            self.dist.destroy_process_group(group)
            self.group_of([self.rank])

    def at_once(self, mib, groups):
        """[GB/s, elements with a wrong sum] of each of these groups of nodes, which have no node in common, and whether time is short.
        The best of the tries: noise only slows."""
        per_node, nodes = self.args.ranks_per_node, self.args.nodes
        table = self.torch.zeros(len(groups) + 1, 2, dtype=self.torch.float64, device=self.device)
        at = next((at for at, group in enumerate(groups) if self.rank // per_node in group), None)
        if at is None:
            own = self.group_of([self.rank])
        else:
            group = groups[at]
            ranks = [node * per_node + local for node in group for local in range(per_node)]
            among = "between" if len(group) == 2 else f"among {len(group)} nodes,"
            report.phase(f"all-reduce of {mib} MiB {among} {nodes[group[0]]} and {nodes[group[-1]]}")
            own = self.group_of(ranks)
            found = self.measure(mib, ranks, own)
            if self.rank == ranks[0]:
                table[at, 0] = self.busbw(mib, ranks, min(found["seconds"]))
                table[at, 1] = found["wrong"]
        table[-1, 0] = float(time.monotonic() > self.late_at)
        report.phase("meeting of all ranks after a round")
        self.dist.all_reduce(table)
        self.done_with(own)
        *rows, last = table.tolist()
        return [[round(speed, 4), int(wrong)] for speed, wrong in rows], last[0] > 0

    def pairs(self):
        """[index of a node, of another, GB/s, elements with a wrong sum] of each pair that was measured."""
        mib = min(PAIR_MIB, self.args.sizes_mib[-1])
        told = []
        for pairs in pair_rounds.pair_rounds(len(self.args.nodes), self.args.pairs == "always"):
            rows, is_late = self.at_once(mib, pairs)
            told += [[a, b, *row] for (a, b), row in zip(pairs, rows)]
            if is_late:
                break
        return told

    def halves(self, is_bad):
        """What halving.py finds, its steps as [first, last, how many nodes, GB/s, wrong elements], and whether it came to its end."""
        search = halving.Halving(range(len(self.args.nodes)))
        steps, told, is_late = search.steps(), [], False
        groups = next(steps)
        while groups and not is_late:
            rows, is_late = self.at_once(self.args.sizes_mib[-1], groups)
            told += [[group[0], group[-1], len(group), *row] for group, row in zip(groups, rows)]
            groups = next_of(steps, {group: is_bad(*row) for group, row in zip(groups, rows)})
        return {**search.found, "suspects": search.suspects, "steps": told, "finished": not groups}

    def wants_pairs(self, rows):
        """auto: when something is wrong, or nothing is known yet that would tell."""
        choice = self.args.pairs
        if len(self.args.nodes) < 3 or choice == "never":
            return False
        return choice == "always" or self.args.least is None or self.is_unwell(rows)

    def is_unwell(self, rows):
        return any(row["wrong"] for row in rows) or (self.args.least is not None and rows[-1]["busbwGBps"] < self.args.least)

    def search(self, rows, pairs):
        """By halves, where all together are slow or wrong and no pair is."""
        if not pairs or len(self.args.nodes) < 4 or not self.is_unwell(rows):
            return None
        least = self.args.least
        if any(row["wrong"] for row in rows):
            is_clear, is_bad = any(wrong for *_, wrong in pairs), lambda _, wrong: wrong > 0
        else:
            is_clear = pair_rounds.stand_out([speed for _, _, speed, _ in pairs], self.args.tolerance)
            is_bad = lambda speed, _: speed < least
        return None if is_clear else self.halves(is_bad)


def next_of(steps, found):
    """What a search wants next; None when it is done."""
    try:
        return steps.send(found)
    except StopIteration:
        return None


def number(variable):
    text = os.environ.get(variable, "")
    return float(text) if text else None


def transports(folder):
    """The networks that NCCL's logs of this node name, such as IB or Socket: those that it uses, else the one that it would."""
    used, chosen = set(), set()
    for path in glob.glob(os.path.join(folder, "nccl.*")):
        with open(path, encoding="utf-8", errors="replace") as file:
            text = file.read()
        used.update(re.findall(r"via NET/([A-Za-z]+)", text))
        chosen.update(re.findall(r"Using network ([A-Za-z]+)", text))
    return sorted(used or chosen)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", required=True, type=lambda text: text.split(","))
    parser.add_argument("--ranks-per-node", required=True, type=int)
    parser.add_argument("--sizes-mib", required=True, type=lambda text: sorted(map(int, text.split(","))))
    parser.add_argument("--pairs", choices=["auto", "always", "never"], default="auto")
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--nccl-logs", required=True)
    args = parser.parse_args()
    # Of each run another one, so by the environment: it changes nothing of what is measured.
    args.least = number("MUSTER_GATE_LEAST_GBPS")
    args.tolerance = (number("MUSTER_GATE_TOLERANCE_PERCENT") or 0) / 100
    report.phase("loading torch and meeting the other ranks")
    rank = Rank(args)
    rows = rank.whole()
    pairs = rank.pairs() if rank.wants_pairs(rows) else []
    halves = rank.search(rows, pairs)
    if os.environ["LOCAL_RANK"] == "0" and rank.backend == "nccl":
        report.tell("transports", names=transports(args.nccl_logs))
    if rank.rank == 0:
        report.tell("measured", backend=rank.backend, ranks=rank.world, nodes=args.nodes, rows=rows, pairs=pairs, halves=halves)
    report.phase("parting")
    rank.agree([0])
    # All is told. Gloo's groups (torch 2.6) may wait for each other for ever while they are taken apart.
    os._exit(0)


if __name__ == "__main__":
    main()
