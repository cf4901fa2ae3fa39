"""Pages as scanners and telephones give them: grey, noisy, askew, also on their side."""

from __future__ import annotations

import io
import random

import pypdfium2
from PIL import Image, ImageChops, ImageFilter

_DPI = 200


def a_photo(content: bytes, *, seed: int = 1, askew: float = 0.0, quarters: int = 0) -> Image.Image:
    """The first page of a PDF on paper: `askew` in degrees, then turned by so many quarters."""
    page = pypdfium2.PdfDocument(content)[0]
    drawn = page.render(scale=_DPI / 72, grayscale=True).to_pil().convert("L")
    chance = random.Random(seed)
    speckles = Image.frombytes("L", drawn.size, chance.randbytes(drawn.width * drawn.height))
    dusty = ImageChops.subtract(drawn, speckles.point(lambda level: level // 8))
    soft = dusty.filter(ImageFilter.GaussianBlur(0.6))
    laid = soft.rotate(askew, resample=Image.Resampling.BICUBIC, fillcolor=240)
    return laid.rotate(90 * quarters, expand=True)


def a_scan(content: bytes, *, seed: int = 1, askew: float = 0.0, quarters: int = 0) -> bytes:
    """The same as the PDF that a scanner makes."""
    made = io.BytesIO()
    picture = a_photo(content, seed=seed, askew=askew, quarters=quarters)
    picture.save(made, "PDF", resolution=_DPI, quality=80)
    return made.getvalue()
