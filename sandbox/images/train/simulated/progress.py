"""What a training run of ms-swift 3 says and leaves while it runs."""

import json
import os
import sys
import time
from datetime import datetime

import torch.distributed as dist
from transformers import TrainerCallback

from simulated.board import Board
from simulated.faults import Faults


def _span(seconds):
    minutes, seconds = divmod(int(seconds), 60)
    return f"{minutes}m {seconds}s" if minutes else f"{seconds}s"


class Progress(TrainerCallback):
    """Console lines and logging.jsonl of the last rank; checkpoints by `save(iteration)`, on every rank."""

    def __init__(self, args, first, total, save):
        self.args, self.first, self.total, self.save = args, first, total, save
        self.rank, self.world = (dist.get_rank(), dist.get_world_size()) if dist.is_initialized() else (0, 1)
        self.faults = Faults(self.rank)

    def on_train_begin(self, args, state, control, **kwargs):
        self.started = self.logged_at = time.time()
        self.logged = self.first
        if self.rank == self.world - 1:
            self.board = Board(self.args.tensorboard_dir)

    def on_step_begin(self, args, state, control, **kwargs):
        self.faults.before(self.first + state.global_step + 1)

    def on_step_end(self, args, state, control, **kwargs):
        iteration = self.first + state.global_step
        control.should_save = iteration % self.args.save_interval == 0 or iteration == self.total

    def checkpoint(self, iteration):
        """Save, with Megatron's two lines about it on rank 0."""
        where = self.args.save
        if self.rank == 0:
            print(f"saving checkpoint at iteration {iteration:7d} to {where} in torch_dist format", flush=True)
        self.save(iteration)
        if self.rank == 0:
            print(f"  successfully saved checkpoint from iteration {iteration:7d} to {where} [ t 1/1, p 1/1 ]", flush=True)

    def on_log(self, args, state, control, logs=None, **kwargs):
        if self.rank != self.world - 1 or "loss" not in logs:
            return
        iteration, now = self.first + state.global_step, time.time()
        each = (now - self.logged_at) / max(iteration - self.logged, 1)
        self.logged, self.logged_at = iteration, now
        elapsed = now - self.started
        row = {
            "loss": round(logs["loss"], 8),
            "grad_norm": round(float(logs.get("grad_norm", 0)), 8),
            "learning_rate": round(logs["learning_rate"], 10),
            "iteration": f"{iteration}/{self.total}",
            "epoch": round(state.epoch, 8),
            "elapsed_time": _span(elapsed),
            "remaining_time": _span(elapsed / (iteration - self.first) * (self.total - iteration)),
            "memory(GiB)": 0.0,
            "train_speed(s/it)": round(each, 6),
        }
        sys.stdout.write(self._bar(iteration, elapsed) + f"\r{row}\n" + self._native(iteration, each, row) + "\n")
        sys.stdout.flush()
        with open(os.path.join(self.args.save, "logging.jsonl"), "a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        self.board.write(iteration, {"lm loss": row["loss"], "learning-rate": row["learning_rate"], "grad-norm": row["grad_norm"]})

    def _bar(self, iteration, elapsed):
        done = iteration * 10 // self.total
        share = iteration * 100 // self.total
        return f"\rTrain: {share:3d}%|{'█' * done}{' ' * (10 - done)}| {iteration}/{self.total} [{_span(elapsed)}]"

    def _native(self, iteration, each, row):
        samples = iteration * self.args.global_batch_size
        return (
            f" [{datetime.now():%Y-%m-%d %H:%M:%S}] iteration {iteration:8d}/{self.total:8d} | consumed samples: {samples:12d} | "
            f"elapsed time per iteration (ms): {each * 1000:.1f} | learning rate: {row['learning_rate']:.6E} | "
            f"global batch size: {self.args.global_batch_size:5d} | lm loss: {row['loss']:.6E} | loss scale: 1.0 | "
            f"grad norm: {row['grad_norm']:.3f} | number of skipped iterations:   0 | number of nan iterations:   0 |"
        )
