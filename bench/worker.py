"""One engine with one network, alive until its input ends: runs for as many seconds as a line says.

    worker.py torch WEIGHTS.safetensors CONFIG.json INPUT OUTPUT THREADS fused|plain|compiled [folded]
    worker.py onnxruntime MODEL.onnx INPUT OUTPUT THREADS

The output of the first run is written before anything is timed. Each answer is one line of JSON.
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

    before_mb = resident_mb()
    torch.set_num_threads(int(threads))
    torch.set_grad_enabled(False)
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
        import torch._inductor.config

        # Constant weights are repacked once for the processor at hand.
        torch._inductor.config.freezing = True
        run = torch.compile(model)
        return (lambda: run(x).numpy()), torch.__version__, before_mb

    def run_eagerly():
        with torch.inference_mode():
            return model(x).numpy()

    return run_eagerly, torch.__version__, before_mb


def onnxruntime_engine(model, input_path, threads):
    import onnxruntime

    before_mb = resident_mb()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(threads)
    options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    x = tensors.read(input_path)["input"]
    return (lambda: session.run(None, {"input": x})[0]), onnxruntime.__version__, before_mb


def answer(**fields):
    print(json.dumps(fields), flush=True)


def main(engine, *arguments):
    arguments = list(arguments)
    output = arguments.pop(3 if engine == "torch" else 2)
    make = {"torch": torch_engine, "onnxruntime": onnxruntime_engine}[engine]
    run, version, before_mb = make(*arguments)
    tensors.write(Path(output), {"output": run()})
    answer(version=version, before_mb=before_mb)
    for line in sys.stdin:
        seconds = []
        while not seconds or sum(seconds) < float(line):
            start = time.perf_counter()
            run()
            seconds.append(time.perf_counter() - start)
        answer(seconds=seconds)


if __name__ == "__main__":
    main(*sys.argv[1:])
