"""What nccl-tests' all_reduce_perf prints. Pure, standard library only."""

import re

GAP = r"[ \t]+"
# Older versions have no root. Then two ways, each with its time, two bandwidths and what is wrong.
ROW = re.compile(rf"^[ \t]*(\d+){GAP}\d+{GAP}\w+{GAP}\w+(?:{GAP}-?\d+)?" + rf"{GAP}(\S+)" * 8, re.MULTILINE)


def parse(text):
    """Its output (of 2.0 to 2.19): {"version", "nccl", "ranks": each once, "rows": [{"bytes", "busbwGBps" in place, as torch does it, "wrong"}]}.

    `wrong`: elements out of bounds of both ways; 0 where it did not look. Older versions count no elements and give the largest error."""
    header = re.search(r"^# nccl-tests version (\S+) .*nccl-library=(\d+)", text, re.MULTILINE)
    bounds = re.search(r"^# Out of bounds values\s*: (\d+)", text, re.MULTILINE)
    rows = [{"bytes": int(row[0]), "busbwGBps": float(row[7]), "wrong": wrong_of(row[4], row[8])} for row in ROW.findall(text)]
    # Of several tests side by side there would be several ranks 0.
    ranks = [int(rank) for rank in re.findall(r"^#\s+Rank\s+(\d+) ", text, re.MULTILINE)]
    return {
        "version": header.group(1) if header else "",
        "nccl": int(header.group(2)) if header else 0,
        "ranks": len(ranks) if len(set(ranks)) == len(ranks) else 0,
        "rows": rows,
        "outOfBounds": int(bounds.group(1)) if bounds else 0,
    }


def wrong_of(*columns):
    """Large counts are written as 1.2e+06, what was not looked at as N/A, and the errors of older versions as 4e-07."""
    return sum(int(float(each)) for each in columns if re.fullmatch(r"[0-9.]+(e[+-]?[0-9]+)?", each))


def last_words(text):
    """What it says of its failure: its own lines begin with no #."""
    said = [line.strip() for line in text.splitlines() if line.strip() and re.search(r"\w", line) and not line.lstrip().startswith("#") and not ROW.match(line)]
    failures = [line for line in said if re.search(r"failure|error|invalid|not found|unable|denied", line, re.IGNORECASE)]
    return (failures or said or ["it said nothing"])[0][:300]


def finding(text, ended, ranks, mib):
    """What to tell of a run. `ended`: how it ended, if not well."""
    told = parse(text)
    row = next((each for each in told["rows"] if each["bytes"] == mib * 2**20), None)
    if ended or row is None:
        return {"told": f"{ended or 'it ended without a measurement'}: {last_words(text)}"}
    if told["ranks"] != ranks:
        return {"told": f"it ran over other ranks than {ranks}: mpirun and all_reduce_perf are of different MPIs"}
    wrong = max(row["wrong"], told["outOfBounds"])
    return {"version": told["version"], "nccl": told["nccl"], "ranks": ranks, "sizeMib": mib, "busbwGBps": row["busbwGBps"], "wrong": wrong}
