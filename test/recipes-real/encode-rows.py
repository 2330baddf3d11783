"""Loads and encodes rows as `swift sft` of the ms-swift that is installed here does, one row at a time.

    encode-rows.py MODEL AGENT_TEMPLATE

First it writes {"version"}. Then one JSON object a line, {"row": TEXT}, and for each one back:
    {"rows": rows that the loader kept, "learned": tokens with a label, "text": what was said of a row that was deleted}
Each row is a jsonl file of its own and goes through the real loader and the real encoding, neither of them strict: that is the
default, and deletes bad rows.
"""

import json
import logging
import os
import sys
import tempfile
import traceback

answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

import swift  # noqa: E402 - standard output is ms-swift's from here on
from swift.llm import EncodePreprocessor, get_model_tokenizer, get_template, load_dataset  # noqa: E402

said = []


class Listener(logging.Handler):
    """What ms-swift says of a row that it deletes."""

    def emit(self, record):
        said.append(record.getMessage())


def template_of(model, agent_template):
    _, tokenizer = get_model_tokenizer(model, load_model=False, model_type="qwen2_5")
    template = get_template(
        tokenizer.model_meta.template, tokenizer, max_length=2048, agent_template=agent_template, loss_scale="hermes"
    )
    template.set_mode("train")
    return template


def encode(template, folder, row):
    path = os.path.join(folder, f"{len(os.listdir(folder))}.jsonl")
    with open(path, "w", encoding="utf-8") as file:
        file.write(row + "\n")
    said.clear()
    try:
        loaded, _ = load_dataset([path], num_proc=1, load_from_cache_file=False)
        kept = len(loaded)
        if kept:
            loaded = EncodePreprocessor(template=template)(loaded, num_proc=1, load_from_cache_file=False)
        learned = sum(label != -100 for encoded in loaded for label in encoded["labels"])
        return {"rows": len(loaded), "learned": learned, "text": "\n".join(said)[-1000:]}
    except Exception:
        return {"rows": 0, "learned": 0, "text": traceback.format_exc()[-1000:]}


def main(model, agent_template):
    template = template_of(model, agent_template)
    logging.getLogger("swift").addHandler(Listener())
    print(json.dumps({"version": swift.__version__}), file=answers, flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for line in sys.stdin:
            print(json.dumps(encode(template, folder, json.loads(line)["row"])), file=answers, flush=True)


main(*sys.argv[1:])
