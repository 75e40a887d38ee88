"""Safetensors in and out with numpy: a header of JSON, then the raw little-endian numbers."""

import json
import struct
from pathlib import Path

import numpy as np

NUMPY_TYPE = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "U8": "u1"}


def read(path: Path) -> dict[str, np.ndarray]:
    """The tensors of a file by name."""
    data = Path(path).read_bytes()
    (header_len,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8 : 8 + header_len])
    body = memoryview(data)[8 + header_len :]
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        start, end = entry["data_offsets"]
        flat = np.frombuffer(body[start:end], dtype=NUMPY_TYPE[entry["dtype"]])
        tensors[name] = flat.reshape(entry["shape"]).copy()
    return tensors


def write(path: Path, tensors: dict[str, np.ndarray]) -> None:
    """Writes float32 tensors, and whole numbers as int64; the order of names is the order of bytes."""
    header, offset = {}, 0
    kinds = {name: "I64" if tensor.dtype.kind == "i" else "F32" for name, tensor in tensors.items()}
    for name, tensor in tensors.items():
        end = offset + tensor.size * np.dtype(NUMPY_TYPE[kinds[name]]).itemsize
        header[name] = {"dtype": kinds[name], "shape": list(tensor.shape), "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with Path(path).open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name, tensor in tensors.items():
            file.write(np.ascontiguousarray(tensor, dtype=NUMPY_TYPE[kinds[name]]).data)
