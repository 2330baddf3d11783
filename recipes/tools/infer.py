"""Run `swift infer` over a file of questions so that the file of answers is whole or absent.

    infer.py --questions FILE --output FILE [--identity TEXT] [--result FILE] -- swift infer … --result_path OUTPUT.partial

`swift infer` adds to a file that is there, and it leaves out rows that it cannot read. OUTPUT.partial is removed first, and gets
its name when it has one answer for each question. `--identity` says what the answers were made from: answers of the same
identity are kept and nothing runs; others become OUTPUT.previous, of which one is kept.
Python 3.8 or newer, standard library only.
"""

import argparse
import hashlib
import json
import os
import re
import time

from child import Child, hand_on_signals
from result import finish


class InferenceError(Exception):
    """No whole file of answers; the text says why."""


def questions_of(path):
    """Number of lines that hold something, and the checksum of all."""
    digest, count = hashlib.sha256(), 0
    with open(path, "rb") as file:
        for line in file:
            digest.update(line)
            count += bool(line.strip())
    return count, digest.hexdigest()


def answers(path):
    """Number of answers; refused when one is no JSON or has none."""
    count = empty = 0
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except ValueError as error:
                raise InferenceError(f"{path}:{number} is no JSON: {error}")
            if not isinstance(row, dict) or "response" not in row:
                raise InferenceError(f"{path}:{number} has no response")
            count += 1
            empty += not row["response"]
    return count, empty


def kept(options):
    """What the answers that are there were made from, if they may stay."""
    mark = options.output + ".muster.json"
    if not os.path.isfile(options.output) or not os.path.isfile(mark):
        return None
    with open(mark, encoding="utf-8") as file:
        made = json.load(file)
    return made if made.get("identity") == options.identity else None


def infer(options):
    """The result. Nothing has the output's name before it is whole."""
    wanted, digest = questions_of(options.questions)
    made = kept(options)
    if made is not None and made.get("questionsSha256") == digest:
        return {**made, "ok": True, "output": options.output, "skipped": True}
    partial = options.output + ".partial"
    if os.path.exists(partial):
        os.remove(partial)
    os.makedirs(os.path.dirname(partial), exist_ok=True)
    began = time.monotonic()
    last = []

    def look(line):
        last.append(line)
        del last[:-5000]

    child = Child(options.command, reads_output=True)
    hand_on_signals([child])
    if child.follow(look) != 0:
        errors = re.findall(r"^(?:\[rank\d+\]: )?\w*(?:Error|Exception)\b: .*$", "".join(last).replace("\r", "\n"), re.M)
        raise InferenceError(f"{child.ended()}: {errors[-1] if errors else 'see its output above'}")
    if not os.path.isfile(partial):
        raise InferenceError(f"{options.command[0]} ended without a word and wrote no answers")
    count, empty = answers(partial)
    if count != wanted:
        raise InferenceError(
            f"{count} answers to {wanted} questions of {options.questions}: ms-swift leaves out rows that it cannot read, or that "
            "are longer than max_length; muster data check names them"
        )
    made = {"identity": options.identity, "questions": wanted, "questionsSha256": digest, "answers": count, "emptyAnswers": empty}
    made["seconds"] = round(time.monotonic() - began, 3)
    if os.path.exists(options.output):
        os.replace(options.output, options.output + ".previous")
    os.replace(partial, options.output)
    with open(options.output + ".muster.json", "w", encoding="utf-8") as file:
        json.dump(made, file)
    return {**made, "ok": True, "output": options.output, "skipped": False}


def main():
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--questions", required=True)
    parser.add_argument("--output", required=True)
    parser.add_argument("--identity", default="")
    parser.add_argument("--result")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()
    try:
        result = infer(options)
    except (InferenceError, OSError, ValueError) as error:
        result = {"ok": False, "faults": [str(error)]}
    finish(options.result, result)


if __name__ == "__main__":
    main()
