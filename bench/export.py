"""Writes a network as ONNX: export.py WEIGHTS.safetensors CONFIG.json OUT.onnx plain|onnx [folded] [slices]."""

import json
import sys
import warnings
from pathlib import Path

import torch

import models
import t5
import tensors


def main(weights, config_path, out, kernel, *forms):
    config = json.loads(Path(config_path).read_text())
    warnings.simplefilter("ignore")
    if config["model"] in t5.NETWORKS:
        return t5.export(weights, config, Path(config_path).parent / "input.safetensors", Path(out))
    model = models.build(config)
    models.load(model, tensors.read(weights))
    if "folded" in forms:
        models.fold(model)
    models.choose(model, kernel, "slices" if "slices" in forms else "library")
    x = torch.zeros(models.input_shape(config))
    # The exporter of fixed shapes: everything that depends on the length becomes a constant.
    torch.onnx.export(
        model, (x,), out, opset_version=17, dynamo=False, input_names=["input"], output_names=["output"]
    )


if __name__ == "__main__":
    with torch.no_grad():
        main(*sys.argv[1:])
