"""Make a tiny Qwen2 with random weights and a tokenizer of its own, without any network.

    make-model.py FOLDER TEXT.jsonl

Hidden size 64, two layers, about 200,000 parameters in float32. The byte-level BPE tokenizer is learned from the rows
of TEXT, has Qwen2.5's special tokens, and carries Qwen2.5's way of showing tools and tool calls (the Hermes form), so
that what training writes and what serving reads agree. The same arguments always give the same files.
"""

import json
import os
import sys

os.environ["TOKENIZERS_PARALLELISM"] = "false"

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import GenerationConfig, Qwen2Config, Qwen2ForCausalLM, Qwen2TokenizerFast

VOCABULARY = 768
CONTEXT_TOKENS = 2048
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
PLAIN = ["<tool_call>", "</tool_call>"]

CHAT_TEMPLATE = """\
{%- if tools %}
    {{- '<|im_start|>system\\n' }}
    {%- if messages[0]['role'] == 'system' %}{{- messages[0]['content'] }}{%- else %}{{- 'You are Qwen, created by Alibaba Cloud. You are a helpful assistant.' }}{%- endif %}
    {{- "\\n\\n# Tools\\n\\nYou may call one or more functions to assist with the user query.\\n\\nYou are provided with function signatures within <tools></tools> XML tags:\\n<tools>" }}
    {%- for tool in tools %}{{- "\\n" }}{{- tool | tojson }}{%- endfor %}
    {{- "\\n</tools>\\n\\nFor each function call, return a json object with function name and arguments within <tool_call></tool_call> XML tags:\\n<tool_call>\\n{\\"name\\": <function-name>, \\"arguments\\": <args-json-object>}\\n</tool_call><|im_end|>\\n" }}
{%- elif messages[0]['role'] == 'system' %}
    {{- '<|im_start|>system\\n' + messages[0]['content'] + '<|im_end|>\\n' }}
{%- else %}
    {{- '<|im_start|>system\\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant.<|im_end|>\\n' }}
{%- endif %}
{%- for message in messages %}
    {%- if message.role == 'tool' %}
        {%- if loop.first or messages[loop.index0 - 1].role != 'tool' %}{{- '<|im_start|>user' }}{%- endif %}
        {{- '\\n<tool_response>\\n' + message.content + '\\n</tool_response>' }}
        {%- if loop.last or messages[loop.index0 + 1].role != 'tool' %}{{- '<|im_end|>\\n' }}{%- endif %}
    {%- elif message.role == 'assistant' and message.tool_calls %}
        {{- '<|im_start|>assistant' }}
        {%- if message.content %}{{- '\\n' + message.content }}{%- endif %}
        {%- for call in message.tool_calls %}
            {%- if call.function is defined %}{%- set call = call.function %}{%- endif %}
            {{- '\\n<tool_call>\\n{"name": "' + call.name + '", "arguments": ' }}
            {{- call.arguments if call.arguments is string else call.arguments | tojson }}{{- '}\\n</tool_call>' }}
        {%- endfor %}
        {{- '<|im_end|>\\n' }}
    {%- elif not (message.role == 'system' and loop.first) %}
        {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}
"""

# Words around the rows that ms-swift's hermes template adds; learned too, so that a row stays short.
FRAME = [CHAT_TEMPLATE.replace("\\n", "\n"), "system user assistant", '<tools>\n{"type": "function"}\n</tools>']


def lines(path):
    """The texts of the rows: every string that a training row will hold."""
    with open(path, encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            yield row["tools"]
            yield json.dumps(json.loads(row["tools"]), ensure_ascii=False)
            yield from (message["content"] for message in row["messages"])


def tokenizer(folder, text):
    """Learn the tokenizer and write its files."""
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY - len(PLAIN), initial_alphabet=alphabet, special_tokens=SPECIAL, show_progress=False
    )
    bpe.train_from_iterator([*FRAME, *lines(text)], trainer)
    bpe.add_tokens([AddedToken(word, special=False, normalized=False) for word in PLAIN])
    learned = json.loads(bpe.to_str())["model"]
    with open(f"{folder}/vocab.json", "w", encoding="utf-8") as file:
        json.dump(learned["vocab"], file, ensure_ascii=False)
    with open(f"{folder}/merges.txt", "w", encoding="utf-8") as file:
        file.write("#version: 0.2\n" + "\n".join(" ".join(pair) for pair in learned["merges"]) + "\n")
    made = Qwen2TokenizerFast(
        tokenizer_object=bpe,
        unk_token=None,
        bos_token=None,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        additional_special_tokens=["<|im_start|>", "<|im_end|>"],
        model_max_length=CONTEXT_TOKENS,
    )
    made.chat_template = CHAT_TEMPLATE
    made.save_pretrained(folder)
    return made


def main(folder, text):
    os.makedirs(folder, exist_ok=True)
    made = tokenizer(folder, text)
    torch.manual_seed(0)
    config = Qwen2Config(
        vocab_size=(len(made) + 63) // 64 * 64,
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=CONTEXT_TOKENS,
        tie_word_embeddings=False,
        eos_token_id=made.eos_token_id,
        bos_token_id=made.pad_token_id,
        pad_token_id=made.pad_token_id,
        torch_dtype="float32",
    )
    model = Qwen2ForCausalLM(config)
    model.generation_config = GenerationConfig(
        eos_token_id=[made.eos_token_id, made.pad_token_id], pad_token_id=made.pad_token_id
    )
    model.save_pretrained(folder)
    print(f"vocabulary {len(made)}, parameters {sum(p.numel() for p in model.parameters())}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: make-model.py FOLDER TEXT.jsonl")
    main(sys.argv[1], sys.argv[2])
