"""The worker process: one model, some threads, any number of streams.

``python -m nlp.speech.worker MODEL THREADS`` reads frames on standard input and writes frames on
standard output (:mod:`nlp.speech.protocol`). It ends when its input ends, so it never outlives the
service. A stream belongs to one thread; libvosk releases the interpreter lock while it works.
"""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading
from typing import BinaryIO

import vosk

from nlp.speech.protocol import (
    HEADER,
    MAX_PAYLOAD,
    Heard,
    Kind,
    frame,
    heard_frame,
    json_frame,
    progress_frame,
    read_audio,
    read_opening,
)
from nlp.speech.recogniser import StreamRecogniser

_Task = tuple[Kind, int, bytes]

#: Behind everything else of the hotline: on a full machine text comes later, calls do not suffer.
_NICENESS = 10


class Output:
    """Frames to the service, from any thread."""

    def __init__(self, pipe: BinaryIO) -> None:
        self._pipe = pipe
        self._lock = threading.Lock()

    def send(self, content: bytes) -> None:
        """Write one frame; when the service is gone, the process has no purpose any more."""
        with self._lock:
            try:
                self._pipe.write(content)
                self._pipe.flush()
            except BrokenPipeError:
                os._exit(0)


class Hand(threading.Thread):
    """One thread and the streams that it looks after."""

    def __init__(self, model: vosk.Model, output: Output) -> None:
        super().__init__(daemon=True)
        self.tasks: queue.SimpleQueue[_Task] = queue.SimpleQueue()
        self._model = model
        self._output = output
        self._streams: dict[int, StreamRecogniser] = {}
        #: Whether interim text is worth its time; set by the reader at once.
        self.partials = True
        #: Set by the reader at once, long before the queue comes to it.
        self.dropped: set[int] = set()

    def run(self) -> None:
        """Work until the process ends. A fault of one stream does not touch the others."""
        while True:
            kind, stream, payload = self.tasks.get()
            try:
                self._do(kind, stream, payload)
            except Exception as error:
                self._streams.pop(stream, None)
                self._output.send(json_frame(Kind.FAILED, stream, repr(error)))

    def _do(self, kind: Kind, stream: int, payload: bytes) -> None:
        if kind is Kind.DROP:
            self.dropped.discard(stream)
            self._streams.pop(stream, None)
            self._output.send(frame(Kind.CLOSED, stream))
        elif stream in self.dropped:
            return
        elif kind is Kind.OPEN:
            self._streams[stream] = self._opened(stream, payload)
        elif kind is Kind.AUDIO and stream in self._streams:
            progress = self._streams[stream].feed(*read_audio(payload))
            self._output.send(progress_frame(stream, progress))
        elif kind is Kind.CLOSE:
            if stream in self._streams:
                self._streams.pop(stream).finish()
            self._output.send(frame(Kind.CLOSED, stream))

    def _opened(self, stream: int, payload: bytes) -> StreamRecogniser:
        def tell(heard: Heard) -> None:
            self._output.send(heard_frame(stream, heard))

        return StreamRecogniser(self._model, read_opening(payload), tell, lambda: self.partials)


def serve(model_path: str, threads: int, source: BinaryIO, pipe: BinaryIO) -> None:
    """Load the model and work through frames until the input ends."""
    vosk.SetLogLevel(-1)
    output = Output(pipe)
    try:
        model = vosk.Model(model_path)
    except Exception as error:
        output.send(json_frame(Kind.FAILED, 0, str(error)))
        return
    hands = [Hand(model, output) for _ in range(threads)]
    for hand in hands:
        hand.start()
    output.send(frame(Kind.READY, 0))
    while header := source.read(HEADER.size):
        kind, stream, length = HEADER.unpack(header)
        if length > MAX_PAYLOAD:
            raise ValueError(f"a frame of {length} bytes")
        payload = source.read(length)
        if kind == Kind.PARTIALS:
            for hand in hands:
                hand.partials = bool(payload[0])
            continue
        hand = hands[stream % threads]
        if kind == Kind.DROP:
            hand.dropped.add(stream)
        hand.tasks.put((Kind(kind), stream, payload))


def main() -> None:
    """Entry point. Ctrl-C goes to the whole group; the service decides when workers end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(_NICENESS)
    pipe = os.fdopen(os.dup(1), "wb")
    # Whatever a library prints must not get between the frames.
    os.dup2(2, 1)
    serve(sys.argv[1], int(sys.argv[2]), sys.stdin.buffer, pipe)
    os._exit(0)


if __name__ == "__main__":
    main()
