"""Times ambulo's networks beside PyTorch and ONNX Runtime on this machine.

The engines run in turns, each in a process of its own, on the same weights and input; their outputs
are compared before anything is timed. `bench/README.md` says how to set it up and how to read it.
"""

import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

import tensors

HERE = Path(__file__).resolve().parent
SEQUENCE = dict(
    frames=243, joints=17, dim=512, depth=8, heads=8, mlp_ratio=2, block_eps=1e-6, head_eps=1e-5
)
CONVFORMER = dict(
    model="convformer", joints_in=17, joints_out=17, dim=32, heads=8, spatial_blocks=2,
    temporal_blocks=2, kernels=[7, 7, 7], mlp_ratio=2, block_eps=1e-6, head_eps=1e-5,
)  # fmt: skip
HRNET = dict(
    image_size=[192, 256], stem=64, stage_channels=[32, 64, 128], blocks_per_branch=4, stage3_modules=4,
    d_model=64, layers=4, heads=1, joints=17, bn_eps=1e-5, ln_eps=1e-5,
)  # fmt: skip
TRANSPOSE = dict(HRNET, model="transpose_h", position="sine", ffn=128)
VTTRANSPOSE = dict(HRNET, model="vttranspose", position="axial", axial_sum=True, v_width=32, v_replace=[2, 3])
SMALL = dict(
    model="vttranspose_small", image_size=[144, 192], stem=24, channels=[32, 64, 128], blocks=[2, 3, 3],
    layers=2, heads=4, decoder=64, joints=23, bn_eps=1e-5, ln_eps=1e-5,
)  # fmt: skip
STT = dict(model="stt", frames=124, dim=12, heads=2, mlp_ratio=2, block_eps=1e-6, head_eps=1e-5, batch=7)
CNN1D = dict(model="cnn1d", frames=124, filters=32, kernel=8, pools=[2, 2, 3], dense=10, bn_eps=1e-3, batch=7)
# Tokens that are read, and that are written.
T5_BASE = dict(
    model="t5", vocab_size=32622, d_model=768, d_kv=64, d_ff=2048, num_heads=12, encoder_layers=12,
    decoder_layers=12, relative_buckets=32, relative_max_distance=128, eps=1e-6, pad=0, eos=1, read=64, written=32,
)  # fmt: skip
# Keys of a case that are no settings of its network.
OURS = ("batch", "read", "written", "kind")
CASES = {
    "stt-4": dict(STT, joints=4),
    "stt-8": dict(STT, joints=8),
    "cnn1d-12": dict(CNN1D, features=12),
    "cnn1d-23": dict(CNN1D, features=23),
    "convformer-27": dict(CONVFORMER, frames=27),
    "convformer-243": dict(CONVFORMER, frames=243),
    "mixste-243": dict(SEQUENCE, model="mixste"),
    "transpose-h-s": TRANSPOSE,
    "transpose-h-s-8": dict(TRANSPOSE, batch=8),
    "vttranspose": VTTRANSPOSE,
    "vttranspose-8": dict(VTTRANSPOSE, batch=8),
    "vttranspose-small": SMALL,
    "rtpca-243": dict(
        SEQUENCE, model="rtpca", tpca=True, tpca_eps=1e-5, xlr=True, xlr_residual="self_double"
    ),
    "t5-base": dict(T5_BASE, kind="f32"),
    "t5-base-bf16": dict(T5_BASE, kind="bf16"),
}
# Outputs of the engines that differ by more are not of the same network.
TOLERANCE = 1e-3
# The same, as a share of the outputs' own spread, where a library rounds everything on the way to bfloat16.
BF16_TOLERANCE = 0.25
# Outputs that differ by more from a parity case are wrong.
PARITY_TOLERANCE = 1e-4
# A run during which others took less than this share of the processors counts as undisturbed.
QUIET = 0.10


@dataclass
class Engine:
    """One way to run one network; `library` is whose it is, `form` "written" or "folded"."""

    name: str
    library: str
    form: str
    process: subprocess.Popen
    version: str = ""
    before_mb: float = float("nan")
    peak_mb: float = float("nan")
    # What a run is divided into: the tokens of a text.
    units: int = 1
    # Seconds of a run, and the share of the processors that others took meanwhile.
    turns: list[tuple[float, float]] = field(default_factory=list)
    # Processor seconds of all threads for a run, one number a turn.
    processor_s: list[float] = field(default_factory=list)
    dropped: bool = False

    def ask(self, line: str) -> dict:
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.answer()

    def answer(self) -> dict:
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.name} ended with {self.process.wait()}")
        return json.loads(line)

    def seconds(self, quiet_only: bool = False) -> list[float]:
        return [s for s, foreign in self.turns if foreign < QUIET or not quiet_only]

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait()


def busy_seconds() -> float:
    """Processor time that everybody together has used."""
    user, nice, system, _, _, irq, softirq, steal = map(
        int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]
    )
    ticks = user + nice + system + irq + softirq + steal
    return ticks / os.sysconf("SC_CLK_TCK")


def own_seconds(pid: int) -> float:
    """Processor time of one process, all threads together."""
    total_ns = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        total_ns += int((task / "schedstat").read_text().split()[0])
    return total_ns / 1e9


def peak_resident_mb(pid: int) -> float:
    """The most memory that one process ever held."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return float("nan")


def wait_for_quiet(patience_s: float) -> None:
    """Waits until the processors are idle, but no longer than `patience_s`."""
    give_up = time.monotonic() + patience_s
    while time.monotonic() < give_up:
        before = busy_seconds()
        time.sleep(0.25)
        if (busy_seconds() - before) / (0.25 * os.cpu_count()) < QUIET:
            return


def turn(engine: Engine, least_s: float) -> None:
    """Runs an engine at least once, and again until `least_s` have passed."""
    # One run that is not counted brings the network back into the caches.
    engine.ask("0")
    busy, own, start = busy_seconds(), own_seconds(engine.process.pid), time.monotonic()
    answer = engine.ask(str(least_s))
    wall = time.monotonic() - start
    own = own_seconds(engine.process.pid) - own
    share = max(0.0, busy_seconds() - busy - own) / (wall * os.cpu_count())
    engine.turns += [(seconds, share) for seconds in answer["seconds"]]
    engine.processor_s.append(own / len(answer["seconds"]) / engine.units)
    engine.peak_mb = peak_resident_mb(engine.process.pid)
    # Threads that spin for more work after a run get time to fall asleep.
    time.sleep(0.05)


def start(command: list[str], threads: int) -> subprocess.Popen:
    environment = dict(os.environ, OMP_NUM_THREADS=str(threads), PYTHONPATH=str(HERE))
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    )


def finish(command: list) -> None:
    """Runs a command to its end; what it says is shown only if it fails."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout}")


def python(script: str, *arguments) -> list[str]:
    return [sys.executable, str(HERE / script), *map(str, arguments)]


def engines_of(config: dict, folder: Path, arguments) -> list[tuple[Engine, Path]]:
    """Starts every engine, one after another, with the file that its first output goes to."""
    weights, settings, x = folder / "weights.safetensors", folder / "config.json", folder / "input.safetensors"
    case = folder / "case.json"
    threads = arguments.threads
    forms = ["written"] if config["model"] in ("mixste", "rtpca", "stt", "cnn1d", "t5") else ["written", "folded"]
    started = []

    def add(name, library, form, command, output):
        process = start(command, threads)
        engine = Engine(name, library, form, process, units=config.get("written", 1))
        try:
            ready = engine.answer()
        except RuntimeError as error:
            print(f"  left out: {error}", file=sys.stderr)
            return
        engine.version, engine.before_mb = ready["version"], ready.get("before_mb", 0)
        started.append((engine, output))

    if "ambulo" in arguments.engines:
        network, output = folder / "network.safetensors", folder / "ambulo.safetensors"
        ambulo = str(arguments.ambulo)
        finish([ambulo, "weights", "import", config["model"], weights, "--config", settings, "-o", network])
        kind = ["--bf16"] if config.get("kind") == "bf16" else []
        finish([ambulo, "infer", config["model"], "--weights", network, "--input", x, "-o", output, *kind])
        command = [ambulo, "bench", "--network", str(network), "--threads", str(threads), "--lines"]
        command += ["--batch", str(config.get("batch", 1)), *kind]
        add(" ".join(["ambulo", *(k.removeprefix("--") for k in kind)]), "ambulo", "folded" if len(forms) > 1 else "written", command, output)
    for form in forms:
        extra = ["folded"] if form == "folded" else []
        if "torch" in arguments.engines:
            kinds = [[], ["bf16"]] if config.get("kind") == "bf16" else [[]]
            for kernel, kind in itertools.product(arguments.torch_kernels, kinds):
                output = folder / "-".join(["torch", kernel, form, *kind, "output.safetensors"])
                command = python("worker.py", "torch", weights, case, x, output, threads, kernel, *extra, *kind)
                add(" ".join(["torch", kernel, *kind]), "torch", form, command, output)
        if "onnxruntime" in arguments.engines:
            variants = [("plain", []), ("onnx", [])][: 1 if config["model"] == "t5" else 2]
            if config.get("tpca"):
                variants.append(("onnx", ["slices"]))
            for kernel, more in variants:
                name = "-".join(["ort", kernel, form, *more])
                model, output = folder / f"{name}.onnx", folder / f"{name}-output.safetensors"
                finish(python("export.py", weights, case, model, kernel, *extra, *more))
                command = python("worker.py", "onnxruntime", model, case, x, output, threads)
                label = ("ort" if kernel == "plain" else "ort fused attention") + "".join(f", {m}" for m in more)
                add(label, "onnxruntime", form, command, output)
    return started


def make_case(config: dict, folder: Path) -> None:
    """Random weights of a trained network's scale, settings and one input."""
    import torch

    import models
    import t5

    settings = {key: value for key, value in config.items() if key not in OURS}
    (folder / "config.json").write_text(json.dumps(settings))
    (folder / "case.json").write_text(json.dumps(config))
    if config["model"] in t5.NETWORKS:
        weights = dict(t5.checkpoint(config, seed=1))
        if config["kind"] == "bf16":
            weights = {n: torch.from_numpy(w).bfloat16().float().numpy() for n, w in weights.items()}
        tensors.write(folder / "weights.safetensors", weights)
        generator = np.random.default_rng(2)
        lengths = {"input": config["read"], "decoder_input_ids": config["written"]}
        tokens = {name: generator.integers(2, config["vocab_size"], (1, n)) for name, n in lengths.items()}
        return tensors.write(folder / "input.safetensors", tokens)
    model = models.build(config)
    models.randomize(model, seed=1)
    state = {
        name: tensor.numpy()
        for name, tensor in model.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    tensors.write(folder / "weights.safetensors", state)
    generator = torch.Generator().manual_seed(2)
    x = 0.3 * torch.randn(models.input_shape(config), generator=generator)
    tensors.write(folder / "input.safetensors", {"input": x.numpy()})


def compare_outputs(engines: list[tuple[Engine, Path]]) -> float:
    """The greatest difference between any two engines; ends the run if it is too great."""
    outputs = [(f"{engine.name} ({engine.form})", tensors.read(path)["output"]) for engine, path in engines]
    greatest = coarsest = 0.0
    spread = float(outputs[0][1].std())
    for i, (name, output) in enumerate(outputs):
        for other_name, other in outputs[:i]:
            difference = float(np.abs(output - other).max())
            # A library that rounds all numbers to 16 bits is another case: ours keeps only weights so.
            rounded = "torch" in name + other_name and any("bf16" in n and "torch" in n for n in (name, other_name))
            if not difference <= (BF16_TOLERANCE * spread if rounded else TOLERANCE):
                sys.exit(f"{name} and {other_name} differ by {difference:.2e}")
            if rounded:
                coarsest = max(coarsest, difference)
            else:
                greatest = max(greatest, difference)
    print(f"  outputs: greatest difference {greatest:.1e} (their standard deviation is {spread:.2f})")
    if coarsest:
        print(f"  outputs of those that compute in bfloat16: {coarsest:.1e}")
    return greatest


def quartiles(seconds: list[float]) -> tuple[float, float, float]:
    return tuple(np.percentile(seconds, [25, 50, 75]))


def drop_the_slow(engines: list[Engine]) -> None:
    """After the first rounds only a library's ways that may still be its fastest go on."""
    for library in {engine.library for engine in engines}:
        for form in ("written", "folded"):
            ways = [e for e in engines if e.library == library and e.form == form]
            best = min((min(e.seconds()) for e in ways), default=0.0)
            for engine in ways:
                undisturbed = engine.seconds(quiet_only=True)
                engine.dropped = bool(undisturbed) and min(undisturbed) > 1.25 * best


def time_case(name: str, config: dict, arguments, folder: Path) -> dict:
    import models

    print(f"\n{name}")
    make_case(config, folder)
    started = engines_of(config, folder, arguments)
    difference = compare_outputs(started)
    engines = [engine for engine, _ in started]
    screening = min(3, arguments.rounds)
    for round_index in range(arguments.rounds):
        if round_index == screening:
            drop_the_slow(engines)
        wait_for_quiet(arguments.patience_s)
        # Nobody always runs after the same neighbour.
        shift = round_index % len(engines)
        for engine in engines[shift:] + engines[:shift]:
            if not engine.dropped:
                turn(engine, arguments.turn_s)
    ours = next((e for e in engines if e.library == "ambulo"), None)
    if ours and "read" in config:
        print(f"  ambulo reads the {config['read']} tokens in {1e3 * ours.ask('reading')['reading_s']:.1f} ms")
    peak = peak_gflops(ours, arguments.rounds) if ours else float("nan")
    for engine in engines:
        engine.close()
    gflop = 2e-9 * config.get("batch", 1) * models.macs(config)
    print_case(engines, gflop, peak)
    return {
        "case": name,
        "gflop": gflop,
        "peak_gflops": peak,
        "difference": difference,
        "engines": [summary(engine) for engine in engines],
        "ratios": print_ratios(engines) if ours else {},
    }


def peak_gflops(ours: Engine, rounds: int) -> float:
    """The most multiply-adds that our registers ever reached, in GFLOP/s."""
    return max(ours.ask("peak")["gflops"] for _ in range(max(rounds, 3)))


def statistic(engine: Engine, other: Engine | None = None) -> tuple[list[float], str]:
    """Undisturbed runs where both engines have enough of them, else all."""
    enough = all(len(e.seconds(quiet_only=True)) >= 5 for e in (engine, other) if e)
    return engine.seconds(quiet_only=enough), "quiet" if enough else "all"


def summary(engine: Engine) -> dict:
    seconds, which = statistic(engine)
    low, median, high = quartiles(seconds)
    return {
        "engine": engine.name,
        "library": engine.library,
        "version": engine.version,
        "form": engine.form,
        "runs": which,
        "n": len(seconds),
        "quartiles_s": [low, median, high],
        "least_s": min(engine.seconds()),
        "processor_s": float(np.median(engine.processor_s)),
        "peak_mb": engine.peak_mb,
        "before_mb": engine.before_mb,
        "dropped": engine.dropped,
    }


def print_case(engines: list[Engine], gflop: float, peak: float) -> None:
    print(f"  {gflop:.3g} GFLOP a run (banks folded); measured peak of the processor {peak:.0f} GFLOP/s")
    print(
        f"  {'':<38}{'median':>10}{'quartiles':>19}{'least':>9}{'proc.':>9}{'n':>6}{'GFLOP/s':>9}{'of peak':>9}{'peak MB':>9}{'libs MB':>9}"
    )
    for engine in engines:
        row = summary(engine)
        low, median, high = (1e3 * s for s in row["quartiles_s"])
        rate = gflop / row["quartiles_s"][1]
        label = f"{engine.name} ({engine.form})" + (" dropped" if engine.dropped else "")
        note = "" if row["runs"] == "quiet" else "  disturbed"
        print(
            f"  {label:<38}{median:>7.2f} ms{low:>9.2f} –{high:>8.2f}{1e3 * row['least_s']:>9.2f}{1e3 * row['processor_s']:>9.2f}{row['n']:>6}"
            f"{rate:>9.0f}{rate / peak:>9.0%}{row['peak_mb']:>9.0f}{row['before_mb']:>9.0f}{note}"
        )


def print_ratios(engines: list[Engine]) -> dict:
    """Our time over the best of the others', for either form of the others."""
    ours = next(e for e in engines if e.library == "ambulo")
    ratios = {}
    for form in ("written", "folded"):
        ways = [e for e in engines if e.library != "ambulo" and e.form == form and not e.dropped]
        if not ways:
            continue
        best = min(ways, key=lambda e: np.median(statistic(e, ours)[0]))
        mine, theirs = statistic(ours, best)[0], statistic(best, ours)[0]
        ratio = float(np.median(mine) / np.median(theirs))
        low, high = bootstrap(mine, theirs)
        least = min(ours.seconds()) / min(min(e.seconds()) for e in ways)
        processor = float(np.median(ours.processor_s) / min(np.median(e.processor_s) for e in ways))
        print(
            f"  ambulo over the better of the two ({form}: {best.name}): {ratio:.2f}"
            f" (95 % {low:.2f} – {high:.2f}); least over least {least:.2f};"
            f" processor time over the least {processor:.2f}"
        )
        ratios[form] = {
            "engine": best.name,
            "ratio": ratio,
            "ci95": [low, high],
            "least": least,
            "processor": processor,
        }
    return ratios


def bootstrap(mine: list[float], theirs: list[float], draws: int = 2000) -> tuple[float, float]:
    """95 % interval of the ratio of medians."""
    generator = np.random.default_rng(1)
    medians = [np.median(generator.choice(s, (draws, len(s))), axis=1) for s in (mine, theirs)]
    return tuple(np.percentile(medians[0] / medians[1], [2.5, 97.5]))


def check(folders: Path) -> None:
    """Holds the PyTorch models to every parity case found under a folder."""
    import torch

    import models
    import params
    import pose
    import t5

    found = 0
    for path in sorted(folders.rglob("config.json")):
        config = json.loads(path.read_text())
        if config.get("model") in t5.NETWORKS and (path.parent / "weights.safetensors").exists():
            check_t5(path.parent, config)
            found += 1
        if config.get("model") not in ("rtpca", "mixste", "convformer", *pose.NETWORKS, *params.NETWORKS):
            continue
        given = tensors.read(path.parent / "input.safetensors")["input"]
        expected = tensors.read(path.parent / "expected.safetensors")["output"]
        ways = [("plain", "library", False), ("fused", "slices", False)]
        ways += [("fused", "library", True)] * (config["model"] not in ("rtpca", "mixste", "stt", "cnn1d"))
        for attention, upsampling, folded in ways:
            model = models.build(config)
            models.load(model, tensors.read(path.parent / "weights.safetensors"))
            models.choose(model, attention, upsampling)
            with torch.no_grad():
                if folded:
                    models.fold(model)
                output = model(torch.from_numpy(given)).numpy().reshape(expected.shape)
                difference = float(np.abs(output - expected).max())
            print(f"{path.parent.name:<24}{attention:<7}{'folded' if folded else '':<8}{difference:.1e}")
            if not difference <= PARITY_TOLERANCE:
                sys.exit(f"the model differs from its parity case by {difference:.2e}")
        found += 1
    if found == 0:
        sys.exit(f"no parity case under {folders}")


def check_t5(folder: Path, config: dict) -> None:
    import torch

    import t5

    given, weights, expected = (
        tensors.read(folder / f"{name}.safetensors") for name in ("input", "weights", "expected")
    )
    for fused in (False, True):
        with torch.no_grad():
            output = t5.run_case(config, weights, given, fused)
        difference = float(np.abs(output - expected["output"]).max())
        print(f"{folder.name:<24}{'fused' if fused else 'plain':<15}{difference:.1e}")
        if not difference <= PARITY_TOLERANCE:
            sys.exit(f"the model differs from its parity case by {difference:.2e}")


def processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return "unknown"


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", 1)[0])
    parser.add_argument("cases", nargs="*", choices=[*CASES, []], help="which networks; all if none is named")
    parser.add_argument("--ambulo", type=Path, default=HERE.parent / "target/release/ambulo", help="our binary")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=15, help="turns of each engine")
    parser.add_argument("--turn-s", type=float, default=0.4, help="seconds that a turn of short runs lasts")
    parser.add_argument("--patience-s", type=float, default=20, help="how long a round may wait for idle processors")
    parser.add_argument("--engines", nargs="+", default=["ambulo", "torch", "onnxruntime"])
    parser.add_argument("--torch-kernels", nargs="+", default=["fused", "plain", "compiled"])
    parser.add_argument("--json", type=Path, help="write the figures here too")
    parser.add_argument("--check", type=Path, metavar="DIR", help="only hold the PyTorch models to parity cases")
    return parser.parse_args()


def main() -> None:
    arguments = parse()
    if arguments.check:
        return check(arguments.check)
    print(f"{processor()}, {os.cpu_count()} processors, {arguments.threads} threads, f32 unless a name says bf16")
    results = []
    for name in arguments.cases or CASES:
        with tempfile.TemporaryDirectory() as folder:
            results.append(time_case(name, CASES[name], arguments, Path(folder)))
    versions = {e["library"]: e["version"] for r in results for e in r["engines"]}
    print("\n" + ", ".join(f"{library} {version}" for library, version in versions.items()))
    if arguments.json:
        arguments.json.write_text(json.dumps({"processor": processor(), "cases": results}, indent=1))


if __name__ == "__main__":
    main()
