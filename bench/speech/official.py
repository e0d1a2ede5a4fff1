"""The official server's way of working, as a worker that speaks our protocol.

``python -m bench.speech.official MODEL THREADS``: one recogniser for each stream, every piece of
sound decoded in a pool of threads as it comes, a partial result after each. No gate, no limit.
"""

from __future__ import annotations

import json
import os
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from typing import BinaryIO

import vosk

from nlp.speech.protocol import (
    HEADER,
    Heard,
    Kind,
    Progress,
    frame,
    heard_frame,
    progress_frame,
    read_audio,
    read_opening,
)
from nlp.speech.worker import Output


class Stream:
    """One recogniser. Its pieces are worked through in turn, whichever thread is free."""

    def __init__(self, number: int, model: vosk.Model, rate: int, output: Output) -> None:
        self._number = number
        self._output = output
        self._vosk = vosk.KaldiRecognizer(model, rate)
        self._vosk.SetWords(True)
        self._utterance = 0
        #: The last piece given to the pool.
        self.last: Future[None] | None = None

    def hear(self, start: int, sound: bytes, before: Future[None] | None) -> None:
        """Decode a piece once the one before it is through, and answer."""
        if before is not None:
            before.result()
        final = self._vosk.AcceptWaveform(sound)
        self._tell(self._vosk.Result() if final else self._vosk.PartialResult(), bool(final))
        done = start + len(sound) // 2
        self._output.send(progress_frame(self._number, Progress(done=done, settled=done)))

    def finish(self, before: Future[None] | None) -> None:
        """The stream is over."""
        if before is not None:
            before.result()
        self._tell(self._vosk.FinalResult(), final=True)
        self._output.send(frame(Kind.CLOSED, self._number))

    def _tell(self, result: str, final: bool) -> None:
        content = json.loads(result)
        raw = content.get("text", "") if final else content.get("partial", "")
        heard = Heard(number=self._utterance, start=0, end=0, raw=raw, text="", final=final)
        self._output.send(heard_frame(self._number, heard))
        self._utterance += final


def serve(model_path: str, threads: int, source: BinaryIO, pipe: BinaryIO) -> None:
    """Work through frames until the input ends."""
    vosk.SetLogLevel(-1)
    output = Output(pipe)
    model = vosk.Model(model_path)
    streams: dict[int, Stream] = {}
    output.send(frame(Kind.READY, 0))
    with ThreadPoolExecutor(threads) as pool:
        while header := source.read(HEADER.size):
            kind, number, length = HEADER.unpack(header)
            payload = source.read(length)
            if kind == Kind.OPEN:
                streams[number] = Stream(number, model, read_opening(payload).rate, output)
                continue
            stream = streams[number]
            if kind == Kind.AUDIO:
                stream.last = pool.submit(stream.hear, *read_audio(payload), stream.last)
            elif kind == Kind.CLOSE:
                pool.submit(stream.finish, stream.last)


if __name__ == "__main__":
    channel = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    serve(sys.argv[1], int(sys.argv[2]), sys.stdin.buffer, channel)
