"""What an uploaded file is, by its content; images are made anew, so that nothing but the picture is left.

A JPEG or WebP that holds nothing but the picture keeps its bytes: it would lose quality each time, and an archive of
ours comes back as it was.

Runs in a process of its own: see ``application.text_work``. https://pillow.readthedocs.io/
"""

import hashlib
import shutil
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import puremagic
from PIL import Image, ImageOps, ImageSequence, UnidentifiedImageError

from domain.documents.attachments import BINARY, IMAGE_TYPES, PIXELS_LIMIT
from domain.errors import ImageUnreadable
from integrations.files import Examined

THUMBNAIL = (480, 360)
"""Its largest width and height."""
FRAMES_LIMIT = 300
_MADE_ANEW = {"PNG": "PNG", "JPEG": "JPEG", "GIF": "GIF", "WEBP": "WEBP", "MPO": "JPEG"}
_AS_PNG = {"BMP", "TIFF", "AVIF", "ICO"}
_FORMATS = [*(_MADE_ANEW.keys() - {"MPO"}), *_AS_PNG]  # that is a JPEG with more pictures in it
_TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "GIF": "image/gif", "WEBP": "image/webp"}
_HEAD = 64 * 1024


def examine(path: str) -> Examined:
    """Looks at the file, and writes an image anew beside it. Raises ImageUnreadable."""
    source = Path(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(source, formats=_FORMATS) as image:
                return _examined_image(source, image)
    except UnidentifiedImageError:
        return _examined(source, _type_of(source))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise ImageUnreadable(problem=f"it has more than {PIXELS_LIMIT // 1_000_000} million pixels") from None
    except ImageUnreadable:
        raise
    except MemoryError:
        raise ImageUnreadable(problem="it takes too much memory") from None
    except Exception as error:  # whatever Pillow makes of bytes that somebody chose
        raise ImageUnreadable(problem="it is damaged") from error


def _examined(path: Path, media_type: str, **more: Any) -> Examined:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Examined(str(path), media_type, path.stat().st_size, digest, **more)


def _examined_image(source: Path, image: Any) -> Examined:
    frames = getattr(image, "n_frames", 1) if image.format in {"GIF", "WEBP", "PNG"} else 1
    if frames > FRAMES_LIMIT or frames * image.width * image.height > PIXELS_LIMIT:
        too_much = f"it has more than {FRAMES_LIMIT} frames, or than {PIXELS_LIMIT // 1_000_000} million pixels"
        raise ImageUnreadable(problem=too_much)
    made_as = _MADE_ANEW.get(image.format, "PNG")
    target, thumbnail = source.with_suffix(".image"), source.with_suffix(".thumbnail")
    if frames > 1:
        width, height = image.size
        pictures = [_bare(one) for one in ImageSequence.Iterator(image)]
        first, rest = pictures[0], pictures[1:]
        first.save(
            target,
            made_as,
            save_all=True,
            append_images=rest,
            duration=image.info.get("duration", 100),
            loop=image.info.get("loop", 0),
        )
    else:
        first = _bare(ImageOps.exif_transpose(image))
        width, height = first.size
        if _is_bare(image.format, getattr(image, "applist", []), source.read_bytes()):
            shutil.copyfile(source, target)
        else:
            first.save(target, made_as, **_options(made_as))
    first.thumbnail(THUMBNAIL)
    first.convert("RGBA" if first.mode in {"RGBA", "LA", "P", "PA"} else "RGB").save(thumbnail, "WEBP", quality=80)
    return _examined(target, _TYPES[made_as], width=width, height=height, thumbnail=str(thumbnail))


def _is_bare(format_: str, segments: Sequence[tuple[str, bytes]], content: bytes) -> bool:
    """Whether it holds the picture and nothing else: no metadata, no comment, nothing behind its end.

    https://www.w3.org/Graphics/JPEG/itu-t81.pdf (B.1.1), https://developers.google.com/speed/webp/docs/riff_container
    """
    if format_ == "JPEG":
        plain = all(name == "APP0" and data.startswith(b"JFIF\0") and len(data) <= JFIF for name, data in segments)
        return plain and content.endswith(JPEG_END) and content.count(JPEG_END) == 1
    if format_ == "WEBP":
        kind, size = content[12:16], int.from_bytes(content[16:20], "little")
        return kind in {b"VP8 ", b"VP8L"} and 20 + size + size % 2 == len(content)
    return False


JFIF = 14
"""Bytes of its segment without a thumbnail."""
JPEG_END = b"\xff\xd9"


def _options(made_as: str) -> dict[str, Any]:
    return {
        "JPEG": {"quality": 90, "optimize": False},
        "PNG": {"compress_level": 6},
        "WEBP": {"quality": 90, "method": 3},
    }.get(made_as, {})


def _bare(image: Any) -> Any:
    """The pixels alone: no EXIF, no comments, no color profile."""
    mode = image.mode if image.mode in {"1", "L", "LA", "P", "RGB", "RGBA", "I;16"} else "RGB"
    pixels = image.convert(mode)
    transparent = pixels.info.get("transparency")
    pixels.info = {} if transparent is None else {"transparency": transparent}
    return pixels


def _type_of(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(_HEAD)
    try:
        guess = str(puremagic.from_string(head, mime=True) or "")
    except (puremagic.PureError, ValueError, IndexError):
        guess = ""
    if guess in IMAGE_TYPES or guess.startswith("image/"):
        if guess in IMAGE_TYPES:
            raise ImageUnreadable(problem="it is damaged")
        return guess
    if guess and not guess.startswith("text/"):
        return guess
    return "text/plain" if _is_text(head) else BINARY


def _is_text(head: bytes) -> bool:
    if b"\0" in head:
        return False
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start > len(head) - 4 and len(head) == _HEAD  # the head ends within a character
    return True


Image.MAX_IMAGE_PIXELS = PIXELS_LIMIT
Image.init()
