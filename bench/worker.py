"""One engine with one network, alive until its input ends: runs for as many seconds as a line says.

    worker.py torch WEIGHTS.safetensors CONFIG.json INPUT OUTPUT THREADS fused|plain|compiled [folded] [bf16]
    worker.py onnxruntime MODEL.onnx CONFIG.json INPUT OUTPUT THREADS

The output of the first run is written before anything is timed. Each answer is one line of JSON. A run of a
language model writes a text; its output is that for given tokens, and its seconds are those of one token.
"""

import json
import sys
import time
from pathlib import Path

import tensors


def resident_mb() -> float:
    """Memory of this process now."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return float("nan")


def config_of(path) -> dict:
    return json.loads(Path(path).read_text())


def torch_engine(weights, config, input_path, threads, kernel, *forms):
    import torch

    import models
    import pose
    import t5

    before_mb = resident_mb()
    torch.set_num_threads(int(threads))
    torch.set_grad_enabled(False)
    if kernel == "compiled":
        import torch._inductor.config

        # Constant weights are repacked once for the processor at hand.
        torch._inductor.config.freezing = True
    if config_of(config)["model"] in t5.NETWORKS:
        kind = "bf16" if "bf16" in forms else "f32"
        first, run = t5.torch_engine(weights, config_of(config), input_path, kernel, kind)
        return first, run, torch.__version__, before_mb
    model = models.build(config_of(config))
    models.load(model, tensors.read(weights))
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    if "folded" in forms:
        models.fold(model)
    models.choose(model, "plain" if kernel == "plain" else "fused")
    x = torch.from_numpy(tensors.read(input_path)["input"])
    if "folded" in forms and config_of(config)["model"] in pose.NETWORKS:
        x = x.contiguous(memory_format=torch.channels_last)
    if kernel == "compiled":
        compiled = torch.compile(model)
        run = lambda: compiled(x).numpy()
        return run, run, torch.__version__, before_mb

    def run_eagerly():
        with torch.inference_mode():
            return model(x).numpy()

    return run_eagerly, run_eagerly, torch.__version__, before_mb


def onnxruntime_engine(model, config, input_path, threads):
    import onnxruntime

    is_t5 = config_of(config)["model"] == "t5"
    if is_t5:
        import t5

    before_mb = resident_mb()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(threads)
    options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    if is_t5:
        first, run = t5.onnx_engine(session, config_of(config), Path(model), input_path)
        return first, run, onnxruntime.__version__, before_mb
    x = tensors.read(input_path)["input"]
    run = lambda: session.run(None, {"input": x})[0]
    return run, run, onnxruntime.__version__, before_mb


def answer(**fields):
    print(json.dumps(fields), flush=True)


def main(engine, *arguments):
    arguments = list(arguments)
    output = arguments.pop(3)
    make = {"torch": torch_engine, "onnxruntime": onnxruntime_engine}[engine]
    first, run, version, before_mb = make(*arguments)
    units = config_of(arguments[1]).get("written", 1)
    tensors.write(Path(output), {"output": first()})
    answer(version=version, before_mb=before_mb)
    for line in sys.stdin:
        seconds, total = [], 0.0
        while not seconds or total < float(line):
            start = time.perf_counter()
            run()
            took = time.perf_counter() - start
            seconds.append(took / units)
            total += took
        answer(seconds=seconds)


if __name__ == "__main__":
    main(*sys.argv[1:])
