"""Generation: the model itself with transformers, one token after another, one request at a time."""

import threading
from dataclasses import dataclass, field

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer


@dataclass
class Sampling:
    """How to pick tokens; vLLM's names and defaults."""

    max_tokens: int
    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    repetition_penalty: float = 1.0
    seed: int | None = None
    ignore_eos: bool = False
    stop: list = field(default_factory=list)


def _pick(logits, counts, sampling, generator):
    scores = logits.float()
    seen = counts > 0
    if sampling.repetition_penalty != 1.0:
        penalty = torch.where(scores > 0, 1 / sampling.repetition_penalty, sampling.repetition_penalty)
        scores = torch.where(seen, scores * penalty, scores)
    scores = scores - sampling.frequency_penalty * counts - sampling.presence_penalty * seen
    if sampling.temperature < 1e-5:
        return int(scores.argmax())
    chances = torch.softmax(scores / sampling.temperature, dim=-1)
    ordered, order = chances.sort(descending=True)
    keep = ordered.cumsum(0) - ordered < sampling.top_p
    if sampling.top_k > 0:
        keep[sampling.top_k :] = False
    return int(order[torch.multinomial(ordered * keep, 1, generator=generator)])


class Engine:
    """A loaded model."""

    def __init__(self, folder, max_model_len, tokenizer=None):
        self.tokenizer = AutoTokenizer.from_pretrained(tokenizer or folder)
        self.model = AutoModelForCausalLM.from_pretrained(folder, torch_dtype=torch.float32).eval()
        config = self.model.config
        derived = config.max_position_embeddings
        if max_model_len is not None and max_model_len > derived:
            raise ValueError(
                f"User-specified max_model_len ({max_model_len}) is greater than the derived max_model_len "
                f"(max_position_embeddings={derived} or model_max_length=None in model's config.json)."
            )
        self.max_model_len = max_model_len or derived
        ends = self.model.generation_config.eos_token_id or config.eos_token_id
        self.ends = {ends} if isinstance(ends, int) else set(ends or [])
        self.turn = threading.Lock()

    @torch.inference_mode()
    def tokens(self, prompt, sampling):
        """Yield (text so far, tokens so far, why it ended or None) after each token."""
        generator = torch.Generator()
        generator.manual_seed(sampling.seed) if sampling.seed is not None else generator.seed()
        counts = torch.zeros(self.model.config.vocab_size)
        given, cache, made = torch.tensor([prompt]), None, []
        limit = min(sampling.max_tokens, self.max_model_len - len(prompt))
        with self.turn:
            while True:
                out = self.model(input_ids=given, past_key_values=cache, use_cache=True)
                cache, token = out.past_key_values, _pick(out.logits[0, -1], counts, sampling, generator)
                if token in self.ends and not sampling.ignore_eos:
                    yield self.text(made), len(made) + 1, "stop"
                    return
                made.append(token)
                counts[token] += 1
                text = self.text(made)
                hit = [text.index(word) for word in sampling.stop if word in text]
                if hit:
                    yield text[: min(hit)], len(made), "stop"
                    return
                if len(made) >= limit:
                    yield text, len(made), "length"
                    return
                yield text, len(made), None
                given = torch.tensor([[token]])

    def text(self, tokens):
        """The tokens as text, without special tokens and without a half character at the end."""
        return self.tokenizer.decode(tokens, skip_special_tokens=True).rstrip("\ufffd")
