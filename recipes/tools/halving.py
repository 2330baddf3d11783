"""Who makes a fabric slow or wrong, by halves. Pure: it says which groups of nodes to measure next, and what follows. Standard library only.

A group that is bad is split, and its halves are measured at once with those of all other bad groups, so that several faults are followed in
the same rounds. Halves that are well while the whole is not: then the fault is on the ways between them, and these are halved too. Who
is left over is tried with nodes that are well, on both sides. In the end all but the named ones are measured: either that is well, or
there is more to find. Twice the logarithm of the nodes is about the number of rounds."""

# The whole of the nodes, and twice what is left without those that were found.
MOST_SEARCHES = 3


class Halving:
    """`found` grows while `steps` goes on: hosts, ways between two nodes, and ways between many (two lists of nodes).
    `suspects`: the smallest groups that are known to be bad and not yet explained."""

    def __init__(self, nodes):
        self.nodes = tuple(nodes)
        self.found = {"hosts": [], "ways": [], "between": []}
        self.suspects = []
        self.good = []

    def steps(self):
        """Yields lists of groups that have no node in common, and is sent {group: whether it is bad}."""
        left = self.nodes
        for _ in range(MOST_SEARCHES):
            pairs, crosses = yield from self.halve(left)
            yield from self.cross(crosses)
            yield from self.name(pairs)
            named = set(self.found["hosts"]) | {way[1] for way in self.found["ways"]}
            left = tuple(node for node in left if node not in named)
            # With ways between many at fault there is nobody without whom it would be well.
            if not named or self.found["between"] or self.suspects or len(left) < 2:
                return
            bad = yield from measure([left])
            if not bad[left]:
                return

    def halve(self, whole):
        """Pairs that are bad, and halves that are well by themselves and not together."""
        pairs, crosses = [], []
        self.suspects = [whole]
        while self.suspects:
            pairs += [group for group in self.suspects if len(group) == 2]
            both = [halves(group) for group in self.suspects if len(group) > 2]
            bad = yield from measure([half for each in both for half in each if len(half) > 1])
            self.good += [node for group, is_bad in bad.items() if not is_bad for node in group]
            crosses += [each for each in both if not any(bad.get(half) for half in each)]
            self.suspects = [half for each in both for half in each if bad.get(half)]
        return pairs, crosses

    def cross(self, crosses):
        """Narrows the ways between two sides, each of which is well by itself."""
        lonely = []
        while crosses:
            self.suspects = [a + b for a, b in crosses]
            parts = {each: [(a, b) for a in split(each[0]) for b in split(each[1])] for each in crosses}
            bad = yield from measure([a + b for each in crosses for a, b in parts[each]])
            now, crosses = crosses, []
            for each in now:
                more, alone = self.narrowed(each, [part for part in parts[each] if bad[part[0] + part[1]]])
                crosses += more
                lonely += alone
        for node, side in lonely:
            yield from self.alone(node, side)
        self.suspects = []

    def narrowed(self, sides, bad):
        """What is to be looked at next of the ways between two sides when these parts of them are bad; nodes that are bad with a side."""
        one, other = sides
        if len(one) == len(other) == 1:
            self.found["ways"].append((min(one + other), max(one + other)))
            return [], []
        is_all = len(bad) == len(split(one)) * len(split(other))
        if is_all and 1 in (len(one), len(other)):
            return [], [(one[0], other) if len(one) == 1 else (other[0], one)]
        # None: only all together are slow, on a line that they share.
        if is_all or not bad:
            self.found["between"].append(sides)
            return [], []
        if len(bad) == 2 and len({a for a, _ in bad}) == 1:
            return [(bad[0][0], other)], []
        if len(bad) == 2 and len({b for _, b in bad}) == 1:
            return [(one, bad[0][1])], []
        return bad, []

    def alone(self, node, side):
        """A node that is bad with all of a side: also with somebody else?"""
        others = [other for other in self.good if other not in side and other != node]
        if others:
            test = tuple(sorted((node, nearest(others, node))))
            bad = yield from measure([test])
            if not bad[test]:
                self.found["between"].append((side, (node,)))
                return
        self.found["hosts"].append(node)

    def name(self, pairs):
        """Of two nodes that are bad together: which of them, or the way between them, or those between their sides."""
        self.suspects = list(pairs)
        good = yield from self.partners(pairs)
        if not good:
            # Everybody is bad with everybody.
            return
        tests = {}
        for a, b in pairs:
            others = [node for node in good if node not in (a, b)] or good
            low = nearest([node for node in others if node < a] or others, a)
            rest = [node for node in others if node != low] or others
            high = nearest([node for node in rest if node > b] or rest, b)
            tests[a, b] = (low, high)
        ways = [ordered(node, partner) for pair, partners in tests.items() for node in pair for partner in partners]
        bad = yield from measure(ways)
        between = yield from measure([ordered(*partners) for partners in tests.values() if len(set(partners)) == 2])
        for (a, b), (low, high) in tests.items():
            # With itself it was not measured: it is one of those that are well.
            hosts = [node for node in (a, b) if bad.get(ordered(node, low)) and bad.get(ordered(node, high))]
            self.found["hosts"] += hosts
            if not hosts and between.get(ordered(low, high)) and bad.get(ordered(a, high)) and bad.get(ordered(b, low)):
                self.found["between"].append(((low, a), (b, high)))
            elif not hosts:
                self.found["ways"].append((a, b))
        self.suspects = []

    def partners(self, pairs):
        """Nodes that are well. Where no group was, each has perhaps a bad partner: two pairs are tried crosswise."""
        taken = {node for pair in pairs for node in pair} | set(self.found["hosts"])
        good = [node for node in self.good if node not in taken]
        if good or len(pairs) < 2:
            return good
        bad = yield from measure([ordered(a, b) for a in pairs[0] for b in pairs[1]])
        self.good += sorted({node for way, is_bad in bad.items() if not is_bad for node in way})
        return self.good


def measure(groups):
    """All of these, in as few rounds as groups without a common node allow. {group: whether it is bad}"""
    results, left = {}, list(dict.fromkeys(group for group in groups if len(set(group)) > 1))
    while left:
        together, nodes = [], set()
        for group in left:
            if nodes.isdisjoint(group):
                together.append(group)
                nodes.update(group)
        results.update((yield together))
        left = [group for group in left if group not in results]
    return results


def halves(group):
    middle = (len(group) + 1) // 2
    return group[:middle], group[middle:]


def split(group):
    return [half for half in halves(group) if half]


def ordered(a, b):
    return (min(a, b), max(a, b))


def nearest(nodes, to):
    return min(nodes, key=lambda node: abs(node - to))
