"""Which pairs of nodes are measured, and which at once. Pure, standard library only."""

# Up to so many nodes every pair is measured, one after the other; beyond it the pairs of a round run at once, in so many rounds.
ONE_BY_ONE = 8
ROUNDS = 8
# More do not get through the job's log.
MOST_PAIRS = 4096


def pair_rounds(nodes, wants_all=False):
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
    most = max(ROUNDS, MOST_PAIRS * 2 // count) if wants_all else ROUNDS
    step = max(1, len(rounds) // most)
    return rounds[::step][:most]


def stand_out(speeds, tolerance):
    """Whether some of these pairs are much slower than most. The upper quartile stands for a good one, as in the judgement."""
    if len(speeds) < 3:
        return False
    good = sorted(speeds)[-(-len(speeds) * 3 // 4) - 1]
    return min(speeds) < good * (1 - tolerance)
