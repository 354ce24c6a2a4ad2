#!/usr/bin/env python3
"""Writes the extracts in this folder from the reference arrays. See README.md for what they hold.

    python3 tests/golden/extract.py ../shared/golden       needs numpy and Pillow
"""

import json
import struct
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance

HERE = Path(__file__).parent
TYPES = {"F32": "<f4", "F64": "<f8", "U8": "u1"}
FRAMES = ["0", "m1", "p1", "s"]
LOSS_CASES = ["M", "M.noise", "S", "MS", "M.v1_multiscale", "M.avg_reprojection", "M.disable_automasking",
              "M.no_ssim", "M.predictive_mask", "M.align_corners_false", "M.baseline"]


def load(path):
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    arrays = {}
    for name, entry in header.items():
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        arrays[name] = np.frombuffer(data[begin:end], TYPES[entry["dtype"]]).reshape(entry["shape"])
    return arrays


class Extract:
    """Arrays of one file, with a fact about each that does not hold its values as they are."""

    def __init__(self):
        self.arrays, self.facts = {}, {}

    def whole(self, name, array):
        self.arrays[name] = array

    def every(self, step, name, array):
        """Every `step`-th value, in row-major order."""
        self.arrays[name], self.facts[name] = array.ravel()[::step], f"every {step}"

    def levels(self, name, array, offset, span, count):
        """Values offset + span * level / count, kept as their levels in a byte each."""
        offset, span = float(np.float32(offset)), float(np.float32(span))
        levels = np.round((array.astype("f8") - offset) / span * count)
        assert levels.min() >= 0 and levels.max() <= 255, name
        again = (offset + span * levels / count).astype("f4")
        assert np.abs(again - array).max() <= 6e-8, f"{name} is not made of levels"
        self.arrays[name], self.facts[name] = levels.astype("u1"), f"levels {offset!r} {span!r} {count}"

    def image(self, name, pyramid):
        """An image of 8 bits; its coarser scales follow from it by averaging, and are only checked here."""
        self.levels(name.format(0), pyramid[0], 0, 1, 255)
        assert (self.arrays[name.format(0)] / np.float32(255) == pyramid[0]).all(), name
        for fine, coarse in zip(pyramid, pyramid[1:]):
            a, b, c, d = (fine[..., y::2, x::2] for y in (0, 1) for x in (0, 1))
            assert ((((a + b) + c) + d) * np.float32(0.25) == coarse).all(), name

    def write(self, name):
        header, blobs, offset = {"__metadata__": self.facts}, [], 0
        # The wider types first, as the format's own library writes them, so that all are aligned.
        for key in sorted(self.arrays, key=lambda key: (-self.arrays[key].itemsize, key)):
            blob = np.ascontiguousarray(self.arrays[key]).tobytes()
            kind = next(kind for kind, code in TYPES.items() if np.dtype(code) == self.arrays[key].dtype)
            header[key] = {"dtype": kind, "shape": list(self.arrays[key].shape),
                           "data_offsets": [offset, offset + len(blob)]}
            blobs.append(blob)
            offset += len(blob)
        text = json.dumps(header, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 8)
        path = HERE / f"{name}.safetensors"
        path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(blobs))
        print(f"{path.name}: {len(self.arrays)} arrays, {path.stat().st_size} bytes")


def losses(golden):
    extract = Extract()
    for frame in FRAMES:
        pyramid = [golden[f"in.color_{frame}_s{scale}"] for scale in range(4)]
        extract.image(f"in.color_{frame}_s{{}}", pyramid)
    for scale in range(4):
        extract.whole(f"in.disp{scale}", golden[f"in.disp{scale}"])
        extract.levels(f"in.noise{scale}", golden[f"in.noise{scale}"], -2e-5, 4e-5, 256)
        extract.levels(f"in.predictive_mask{scale}", golden[f"in.predictive_mask{scale}"], 0.3, 0.6, 256)
    for name in ["stereo_T", "axisangle_m1", "axisangle_p1", "translation_m1", "translation_p1"]:
        extract.whole(f"in.{name}", golden[f"in.{name}"])
    for case in LOSS_CASES:
        for name in ["loss"] + [f"s{scale}.{what}" for scale in range(4) for what in ("loss", "smooth")]:
            extract.whole(f"{case}.{name}", golden[f"{case}.{name}"])
        for name, array in golden.items():
            if name.startswith(f"{case}.grad."):
                # The finest gradient is whole in one case only.
                if name.endswith("disp0") and case != "M":
                    extract.every(4, name, array)
                else:
                    extract.whole(name, array)
    return extract


def training(golden):
    extract = Extract()
    for frame in FRAMES[:3]:
        pyramid = [golden[f"in.color_{frame}_s{scale}"] for scale in range(4)]
        extract.image(f"in.color_{frame}_s{{}}", pyramid)
    for name, array in golden.items():
        if name == "losses" or name.startswith("grad0."):
            extract.whole(name, array)
    extract.every(7, "final.eval.disp0", golden["final.eval.disp0"])
    return extract


def jittered(image, letter):
    """One operation of torchvision's ColorJitter on a Pillow image, with the amounts of the reference."""
    if letter == "h":
        hue, saturation, value = image.convert("HSV").split()
        turned = np.asarray(hue) + np.uint8(int(-0.07 * 255) % 256)
        hue = Image.fromarray(turned.astype("u1"))
        return Image.merge("HSV", (hue, saturation, value)).convert("RGB")
    enhance, amount = {"b": (ImageEnhance.Brightness, 1.13), "c": (ImageEnhance.Contrast, 0.87),
                       "s": (ImageEnhance.Color, 1.19)}[letter]
    return enhance(image).enhance(amount)


def misc(golden):
    extract = Extract()
    for name in ["lanczos.in", "lanczos.out0", "lanczos.out1", "lanczos.out2", "lanczos.up", "bilinear.in",
                 "bilinear.x2", "bilinear.x4", "bilinear.37x61", "metrics.gt", "metrics.pred_disp",
                 "metrics.per_image", "metrics.ratio_median"]:
        extract.whole(name, golden[name])
    extract.every(7, "bilinear.x8", golden["bilinear.x8"])
    for name in ["left", "right_mirrored_back", "out"]:
        extract.whole(f"postprocess.{name}", golden[f"postprocess.{name}"].astype("f4"))
    # The reference jitters a frame of KITTI, whose licence keeps it out of this repository: what is written is the
    # same operations on a piece of noise, once they have given the reference's bytes for its frame.
    noise = golden["lanczos.in"][:24, :32]
    extract.whole("jitter.in", noise)
    for name, expected in golden.items():
        letters = name.removeprefix("jitter.").removeprefix("only_")
        if name.startswith("jitter.") and letters != "in":
            frame, ours = Image.fromarray(golden["jitter.in"]), Image.fromarray(noise)
            for letter in letters:
                frame, ours = jittered(frame, letter), jittered(ours, letter)
            assert (np.asarray(frame) == expected).all(), f"{name} is not reproduced"
            extract.whole(name, np.asarray(ours))
    return extract


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    for make in (losses, training, misc):
        make(load(Path(sys.argv[1]) / f"{make.__name__}.safetensors")).write(make.__name__)
