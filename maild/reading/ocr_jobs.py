"""The print on a picture of a page, inside the child: lines of text with their places, by rapidocr.

`maild.reading.ocr` asks for it; nothing else may import this module, which needs the extra `maild[ocr]`.
It is given bare pixels, so that no file of a stranger is opened beside the models. Their files come with
the package and are read from the disk; nothing is fetched.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import cv2
import numpy as np
from rapidocr import RapidOCR

from maild.errors import Unreadable
from maild.reading.packed import pack, unpack

LONGEST: Final = 2_000  # pixels: 170 to the inch of A4; more costs time and reads nothing better
_GOOD: Final = 0.85  # mean confidence; print that stands on its head is read with less
_TALL: Final = 1.5  # times as high as it is wide: a line that runs down the page
_FEW: Final = 3  # lines from which nothing can be told

_Pixels: TypeAlias = Any


@dataclass(frozen=True, slots=True)
class _Reading:
    """What was read on a picture after so many quarters of a turn, against the clock."""

    quarters: int
    lines: list[list[Any]]
    sureness: float
    lies: bool  # whether most lines run down the page


def _engine() -> RapidOCR:
    """One thread: a page takes one core, and a fork of a process with threads would hang."""
    cv2.setNumThreads(1)
    made = RapidOCR(
        params={
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            # Without an arena each layer asks the system for its memory anew: a third of the time.
            "EngineConfig.onnxruntime.enable_cpu_mem_arena": True,
            "Global.use_cls": False,
            "Global.max_side_len": LONGEST,
            "Global.log_level": "critical",
        }
    )
    blank = np.full((64, 256, 3), 255, np.uint8)
    made(blank, use_det=True, use_rec=False)  # each model is loaded when it is first asked
    made(blank, use_det=False, use_rec=True)
    return made


# Loaded with the module, which a child imports before its first fork: each page then finds them there.
_MODELS: Final = _engine()


def lines(payload: bytes) -> bytes:
    """Read a picture of grey pixels: `lines` of text, sureness and four corners, and its `turn`.

    The corners are those on the picture after `turn` quarters against the clock.
    """
    head, bodies = unpack(payload)
    across, down = int(head["across"]), int(head["down"])
    if not 0 < across <= LONGEST or not 0 < down <= LONGEST or len(bodies) != 1:
        raise Unreadable(f"a picture of {across} x {down} pixels is none of a page")
    grey = np.frombuffer(bodies[0], np.uint8).reshape(down, across)
    best = _best(np.stack([grey] * 3, axis=-1))
    return pack({"turn": best.quarters, "lines": best.lines})


def _best(pixels: _Pixels) -> _Reading:
    """The reading of the way round in which the print stands upright."""
    first = _read(pixels, 0)
    if len(first.lines) < _FEW or (first.sureness >= _GOOD and not first.lies):
        return first
    others = (1, 3) if first.lies else (2,)
    found = [first]
    for quarters in others:
        found.append(_read(pixels, quarters))
        if found[-1].sureness >= _GOOD:
            break
    return max(found, key=lambda one: one.sureness - one.lies)


def _read(pixels: _Pixels, quarters: int) -> _Reading:
    told: Any = _MODELS(
        np.ascontiguousarray(np.rot90(pixels, quarters)), use_det=True, use_rec=True
    )
    texts, scores, boxes = told.txts, told.scores, told.boxes
    if texts is None or scores is None or boxes is None:
        return _Reading(quarters, [], 0.0, lies=False)
    found = [
        [text, round(float(score), 3), *(round(float(side), 1) for side in box.ravel())]
        for text, score, box in zip(texts, scores, boxes, strict=True)
    ]
    sizes = [(np.ptp(box[:, 0]), np.ptp(box[:, 1])) for box in boxes]
    tall = sum(high > _TALL * wide for wide, high in sizes)
    letters = sum(map(len, texts))
    sureness = sum(score * len(text) for text, score in zip(texts, scores, strict=True))
    return _Reading(quarters, found, sureness / max(letters, 1), lies=tall * 2 > len(sizes))
