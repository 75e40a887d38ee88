"""Writes the fixtures of this folder and of ../checkpoints; needs numpy and torch.

Run from the repository root: python testdata/pickles/make.py
"""

import collections
import os
import pathlib
import pickle
import re
import sys
import types
import typing
import zipfile

import numpy as np
import torch

PICKLES = "testdata/pickles"
CHECKPOINTS = "testdata/checkpoints"


def save(name, value, protocol):
    with open(f"{PICKLES}/{name}", "wb") as file:
        pickle.dump(value, file, protocol=protocol)


def plain():
    shared = [1, 2]
    return {
        "none": None,
        "flags": (True, False),
        "ints": [0, -1, 255, 65536, -(2**40), 2**62],
        "long": 2**100,
        "float": -2.5,
        "text": "Schritt ü",
        "bytes": b"\x00\xff",
        "set": {3},
        "shared": [shared, shared],
        "ordered": collections.OrderedDict([("b", 1), ("a", 2)]),
        7: "seven",
    }


def arrays():
    return {
        "f4": np.arange(6, dtype="<f4").reshape(2, 3) / 4,
        "fortran": np.asfortranarray(np.arange(24, dtype="f8").reshape(2, 3, 4)),
        "f2": np.array([0.5, -65504, np.inf], dtype="f2"),
        "big": np.array([1, -2], dtype=">i2"),
        "i8": np.array([-(2**40)], dtype="i8"),
        "u1": np.array([255], dtype="u1"),
        "bool": np.array([True, False]),
        "text": np.array(["ab", "ü"]),
        "bytes": np.array([b"xyz"]),
        "scalar": np.float64(0.1),
        "count": np.int64(-3),
        "empty": np.zeros((0, 3), "f4"),
        "random": np.random.RandomState(1),
        "objects": np.array([None, [1]], dtype=object),
    }


class Hostile:
    def __reduce__(self):
        return os.system, ("echo this must never run",)


def motions():
    """The layout of the dictionaries that motion data sets come in."""
    rng = np.random.default_rng(5)
    clip = lambda frames: rng.normal(size=(frames, 32, 3)).astype("f4")
    return {"S1": {"Walking": clip(2), "Walking 1": clip(3)}, "S5": {"Eating": clip(1)}}


def main():
    settings()
    for protocol in (2, 3, 4, 5):
        save(f"plain-{protocol}.pkl", plain(), protocol)
        save(f"arrays-{protocol}.pkl", arrays(), protocol)
    save("hostile-2.pkl", {"weights": Hostile()}, 2)
    save("hostile-4.pkl", {"weights": Hostile()}, 4)
    itself = []
    itself.append(itself)
    save("itself.pkl", itself, 4)
    np.savez(f"{PICKLES}/motions.npz", positions_3d=np.array(motions(), dtype=object))
    checkpoints()


def checkpoints():
    generator = torch.Generator().manual_seed(11)
    rand = lambda *shape: torch.randn(*shape, generator=generator)
    dim, frames, joints, depth = 4, 9, 3, 1
    state = collections.OrderedDict()
    state["Spatial_patch_to_embedding.weight"] = rand(dim, 2)
    state["Spatial_patch_to_embedding.bias"] = rand(dim)
    state["Spatial_pos_embed"] = rand(1, joints, dim)
    state["Temporal_pos_embed"] = rand(1, frames, dim)
    for stack in ("STEblocks", "TTEblocks"):
        for block in range(depth):
            name = f"{stack}.{block}"
            for norm in ("norm1", "norm2"):
                state[f"{name}.{norm}.weight"] = 1 + 0.1 * rand(dim)
                state[f"{name}.{norm}.bias"] = rand(dim)
            # A transposed view: its numbers do not lie in the order of its indices.
            state[f"{name}.attn.qkv.weight"] = rand(dim, 3 * dim).t()
            state[f"{name}.attn.qkv.bias"] = rand(3 * dim)
            state[f"{name}.attn.proj.weight"] = rand(dim, dim)
            state[f"{name}.attn.proj.bias"] = rand(dim)
            state[f"{name}.mlp.fc1.weight"] = rand(2 * dim, dim)
            state[f"{name}.mlp.fc1.bias"] = rand(2 * dim)
            state[f"{name}.mlp.fc2.weight"] = rand(dim, 2 * dim)
            state[f"{name}.mlp.fc2.bias"] = rand(dim)
    for norm in ("Spatial_norm", "Temporal_norm", "head.0"):
        state[f"{norm}.weight"] = 1 + 0.1 * rand(dim)
        state[f"{norm}.bias"] = rand(dim)
    state["head.1.weight"] = rand(3, dim)
    state["head.1.bias"] = rand(3)

    torch.save(state, f"{CHECKPOINTS}/mixste.pth")
    parallel = collections.OrderedDict((f"module.{name}", tensor) for name, tensor in state.items())
    parameter = torch.nn.Parameter(torch.ones(2))
    optimizer = torch.optim.AdamW([parameter])
    parameter.sum().backward()
    optimizer.step()
    container = {
        "epoch": 3,
        "lr": 4e-5,
        "random_state": np.random.RandomState(1),
        "optimizer": optimizer.state_dict(),
        "model_pos": parallel,
    }
    torch.save(container, f"{CHECKPOINTS}/mixste-training.bin")
    halves = {name: tensor.half() for name, tensor in state.items()}
    torch.save({"state_dict": halves}, f"{CHECKPOINTS}/mixste-f16.pt")
    torch.save(state, f"{CHECKPOINTS}/legacy.pth", _use_new_zipfile_serialization=False)
    torch.save({"state_dict": Hostile()}, f"{CHECKPOINTS}/hostile.pth")
    older(f"{CHECKPOINTS}/mixste.pth", f"{CHECKPOINTS}/mixste-torch16.pth")
    np.savez(f"{CHECKPOINTS}/mixste-expected.npz", **{k: v.numpy() for k, v in state.items()})


def settings():
    """What a training program keeps beside weights: settings of omegaconf, whose classes we only imitate."""

    def fake(module, name):
        made = type(name, (), {"__module__": module})
        holder = types.ModuleType(module)
        setattr(holder, name, made)
        sys.modules.setdefault(module.split(".")[0], types.ModuleType(module.split(".")[0]))
        sys.modules[module] = holder
        return made

    config = fake("omegaconf.dictconfig", "DictConfig")()
    node = fake("omegaconf.nodes", "AnyNode")()
    node.__dict__.update(_val=7, _type=typing.Any)
    content = collections.defaultdict(list)
    content["NAME"].append(node)
    config.__dict__.update(_content=content, _kind=dict, _path=pathlib.PurePosixPath("a/b"))
    kept = {"hyper_parameters": config, "epoch": 9, "state_dict": collections.OrderedDict(a=1)}
    for protocol in (2, 4):
        save(f"settings-{protocol}.pkl", kept, protocol)


def older(source, target):
    """The zip layout of the first versions: other folder name, no byte order, no alignment file."""
    with zipfile.ZipFile(source) as read, zipfile.ZipFile(target, "w") as written:
        for member in read.infolist():
            name = re.sub("^[^/]+", "archive", member.filename)
            if name.split("/")[1] in ("data.pkl", "data", "version"):
                written.writestr(zipfile.ZipInfo(name), read.read(member))


if __name__ == "__main__":
    main()
