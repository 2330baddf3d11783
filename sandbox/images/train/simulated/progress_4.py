"""What a training run of ms-swift 4 says and leaves while it runs, from its last rank (swift/megatron/callbacks)."""

import json
import os
import time

import torch
from tqdm import tqdm

from simulated import arguments_4, schedule
from simulated.board import Board


class Progress:
    """The bar, the lines under it, logging.jsonl, TensorBoard's file; at the end the curves as images."""

    def __init__(self, args, done):
        from swift.utils import is_last_rank

        self.args, self.first = args, done
        self.writes = is_last_rank()
        self.started = time.time()
        self.sums = torch.zeros(2)
        self.path = os.path.join(args.output_dir, "logging.jsonl")
        arguments_4.say(f"logging_path: {self.path}")
        self.bar = tqdm(total=args.train_iters, dynamic_ncols=True, disable=not self.writes, desc="Train: ")
        self.bar.update(done)
        self.board = Board(args.tensorboard_dir) if self.writes and "tensorboard" in args.report_to else None

    def step(self, iteration, loss, norm):
        """After a step; `loss` is the mean over its tokens."""
        self.bar.update(1)
        self.sums += torch.tensor([loss, 1.0])
        if not self.writes or iteration % self.args.logging_steps != 0:
            return
        from swift.utils import format_time

        elapsed, total = time.time() - self.started, self.args.train_iters
        each = elapsed / (iteration - self.first)
        numbers = {
            "loss": float(self.sums[0] / self.sums[1]),
            "grad_norm": norm,
            "learning_rate": schedule.learning_rate(self.args, iteration, total),
        }
        self.sums.zero_()
        row = {
            **{name: round(number, 8) for name, number in numbers.items()},
            "iteration": f"{iteration}/{total}",
            "elapsed_time": format_time(elapsed),
            "remaining_time": format_time((total - iteration) * each),
            "memory(GiB)": 0.0,
            "train_speed(s/it)": round(each, 6),
        }
        self.bar.write(str(row))
        self._append(row)
        if self.board:
            self.board.write(iteration, {f"train/{name}": value for name, value in row.items() if isinstance(value, float)})

    def end(self, told):
        """The last line of logging.jsonl, and the images."""
        from swift.utils import plot_images

        self.bar.close()
        images = os.path.join(self.args.output_dir, "images")
        if self.board:
            plot_images(images, self.args.tensorboard_dir)
        last = f"last_model_checkpoint: {told['last_model_checkpoint']}"
        for line in (last, "best_model_checkpoint: None", f"images_dir: {images}"):
            print(f"[INFO:swift] {line}", flush=True)
        self._append({**told, "best_model_checkpoint": None, "best_metric": None})

    def _append(self, row):
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
