"""Images as people upload them, made here by Pillow."""

import io
from typing import Any

from PIL import Image


def picture(kind: str = "PNG", size: tuple[int, int] = (60, 40), color: str = "teal", **options: Any) -> bytes:
    target = io.BytesIO()
    Image.new("RGB", size, color).save(target, kind, **options)
    return target.getvalue()


def photo_with_place() -> bytes:
    """A JPEG that says where it was taken and by which camera, and that lies on its side."""
    image = Image.new("RGB", (80, 20), "navy")
    exif = image.getexif()
    exif[0x0112] = 6  # turned by 90 degrees
    exif[0x010F] = "SecretCamera"
    exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 18.0)})
    target = io.BytesIO()
    image.save(target, "JPEG", exif=exif, comment=b"SecretComment")
    return target.getvalue()


def animation(frames: int = 3, size: tuple[int, int] = (20, 20)) -> bytes:
    target = io.BytesIO()
    pictures = [Image.new("RGB", size, (80 * one % 256, one // 3 % 256, 90)) for one in range(frames)]
    pictures[0].save(target, "GIF", save_all=True, append_images=pictures[1:], duration=50, loop=0)
    return target.getvalue()


def read(content: bytes) -> Any:
    image = Image.open(io.BytesIO(content))
    image.load()
    return image
