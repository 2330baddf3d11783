"""One rank of the gate: all-reduces over all ranks, then over pairs of nodes if that is wanted. Sums are exact integers, so a wrong one
is seen; bus bandwidth is nccl-tests': 2 (n - 1) / n x bytes / seconds, GB = 1e9 bytes. Started by fabric.py, which sets the variables
that torch.distributed reads. With CUDA devices it uses NCCL, else Gloo."""

import argparse
import datetime
import glob
import os
import re
import time

import report

# How long one size is measured for, and how often at least and at most.
BUDGET_SECONDS = 1.0
LEAST, MOST = 3, 20
# Up to so many nodes every pair is measured, one after the other; beyond it the pairs of a round run at once, in so many rounds.
ONE_BY_ONE = 8
ROUNDS = 8
# More is not needed to see the speed of one way.
PAIR_MIB = 128


def pair_rounds(nodes):
    """Rounds of pairs of node indices. Few nodes: all pairs, each by itself. Many: every node once a round, always with another one."""
    # The circle method: the last one stays, the others turn.
    count = nodes + nodes % 2
    rounds = []
    for turn in range(count - 1):
        circle = [(turn + i) % (count - 1) for i in range(count - 1)] + [count - 1]
        pairs = [tuple(sorted((circle[i], circle[-1 - i]))) for i in range(count // 2)]
        rounds.append([pair for pair in pairs if pair[1] < nodes])
    if nodes <= ONE_BY_ONE:
        return [[pair] for round in rounds for pair in round]
    step = max(1, len(rounds) // ROUNDS)
    return rounds[::step][:ROUNDS]


class Rank:
    """This process among the others."""

    def __init__(self, args):
        import torch
        import torch.distributed as dist

        self.torch, self.dist, self.args = torch, dist, args
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

    def pairs(self):
        """[first node, second node, GB/s, elements with a wrong sum] of each pair, the best of its tries: noise only slows."""
        per_node, nodes = self.args.ranks_per_node, self.args.nodes
        mib = min(PAIR_MIB, self.args.sizes_mib[-1])
        table = self.torch.zeros(len(nodes), len(nodes), 2, dtype=self.torch.float64, device=self.device)
        for at, pairs in enumerate(pair_rounds(len(nodes))):
            for a, b in pairs:
                ranks = [node * per_node + local for node in (a, b) for local in range(per_node)]
                if self.rank not in ranks:
                    continue
                report.phase(f"all-reduce of {mib} MiB between {nodes[a]} and {nodes[b]}")
                group = self.dist.new_group(ranks, use_local_synchronization=True)
                found = self.measure(mib, ranks, group)
                if self.rank == ranks[0]:
                    table[a, b, 0] = self.busbw(mib, ranks, min(found["seconds"]))
                    table[a, b, 1] = found["wrong"]
            report.phase(f"meeting of all ranks after round {at + 1} of pairs")
            self.agree([0])
        self.dist.all_reduce(table)
        rows = table.tolist()
        tested = [pair for pairs in pair_rounds(len(nodes)) for pair in pairs]
        return [[nodes[a], nodes[b], round(rows[a][b][0], 4), int(rows[a][b][1])] for a, b in tested]

    def wants_pairs(self, rows):
        """auto: when something is wrong, or nothing is known yet that would tell."""
        choice, least = self.args.pairs, os.environ.get("MUSTER_GATE_LEAST_GBPS", "")
        if len(self.args.nodes) < 3 or choice == "never":
            return False
        slow = least == "" or rows[-1]["busbwGBps"] < float(least)
        # One decision for all.
        return self.agree([float(choice == "always" or slow or any(row["wrong"] for row in rows))])[0] > 0


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
    report.phase("loading torch and meeting the other ranks")
    rank = Rank(args)
    rows = rank.whole()
    pairs = rank.pairs() if rank.wants_pairs(rows) else []
    if os.environ["LOCAL_RANK"] == "0" and rank.backend == "nccl":
        report.tell("transports", names=transports(args.nccl_logs))
    if rank.rank == 0:
        report.tell("measured", backend=rank.backend, ranks=rank.world, rows=rows, pairs=pairs)
    report.phase("parting")
    rank.agree([0])
    # All is told. Gloo's groups (torch 2.6) may wait for each other for ever while they are taken apart.
    os._exit(0)


if __name__ == "__main__":
    main()
