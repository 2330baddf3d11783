"""Scalars for TensorBoard, by its own event file writer: importing torch.utils.tensorboard costs a second."""

import time

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.event_file_writer import EventFileWriter


class Board:
    """The event file of one run in `folder`."""

    def __init__(self, folder):
        self.writer = EventFileWriter(folder)

    def write(self, step, values):
        summary = Summary(value=[Summary.Value(tag=tag, simple_value=value) for tag, value in values.items()])
        self.writer.add_event(Event(wall_time=time.time(), step=step, summary=summary))
        self.writer.flush()
