"""T5 in PyTorch, written for this bench, as a yardstick for our own: one step of the decoder with kept keys and
values, and the encoder that comes before it. Tensor names are those of the checkpoints that `ambulo weights import`
reads.

What a user would do for speed is done: queries, keys and values are one product, as are the two gates; keys and
values of what was read are computed once; those of what was written stay where they are.
"""

import math
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

import tensors

NETWORKS = ("t5",)


def bucket(distance: torch.Tensor, both_sides: bool, buckets: int, most: int) -> torch.Tensor:
    """Kind of distance from query to key."""
    offset = torch.zeros_like(distance)
    if both_sides:
        buckets //= 2
        offset = (distance > 0) * buckets
        distance = distance.abs()
    else:
        distance = (-distance).clamp(min=0)
    exact = buckets // 2
    steps = torch.log(distance.clamp(min=1).float() / exact) / math.log(most / exact) * (buckets - exact)
    far = (exact + steps.long()).clamp(max=buckets - 1)
    return offset + torch.where(distance < exact, distance, far)


class Product(nn.Linear):
    """A linear layer without bias. `turned` holds its weights the other way round, which is faster for one row in
    f32 and slower in bfloat16."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__(inputs, outputs, bias=False)
        self.turned = None

    def turn(self):
        self.turned, self.weight = self.weight.t().contiguous(), None

    def forward(self, x):
        return F.linear(x, self.weight) if self.turned is None else x @ self.turned


class Norm(nn.Module):
    def __init__(self, width: int, eps: float):
        super().__init__()
        self.weight, self.eps = nn.Parameter(torch.ones(width)), eps

    def forward(self, x):
        return F.rms_norm(x, self.weight.shape, self.weight, self.eps)


class WrittenNorm(Norm):
    """The same in the operators that ONNX has."""

    def forward(self, x):
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + self.eps) * self.weight


class Attention(nn.Module):
    def __init__(self, config: dict, joined: bool):
        super().__init__()
        inner, width = config["num_heads"] * config["d_kv"], config["d_model"]
        self.heads, self.fused = config["num_heads"], True
        self.queries = Product(width, (3 if joined else 1) * inner)
        self.others = None if joined else Product(width, 2 * inner)
        self.o = Product(inner, width)

    def split(self, x, parts: int):
        """Rows (batch, tokens, parts·inner) as `parts` times (batch, heads, tokens, width)."""
        batch, tokens, _ = x.shape
        return x.view(batch, tokens, parts, self.heads, -1).permute(2, 0, 3, 1, 4)

    def forward(self, q, k, v, bias):
        if self.fused:
            out = F.scaled_dot_product_attention(q, k, v, attn_mask=bias, scale=1.0)
        else:
            scores = q @ k.transpose(-2, -1)
            out = torch.softmax(scores if bias is None else scores + bias, -1) @ v
        return self.o(out.transpose(1, 2).flatten(2))


class Feed(nn.Module):
    def __init__(self, config: dict):
        super().__init__()
        self.wi = Product(config["d_model"], 2 * config["d_ff"])
        self.wo = Product(config["d_ff"], config["d_model"])

    def forward(self, x):
        gate, value = self.wi(x).chunk(2, -1)
        return self.wo(F.gelu(gate, approximate="tanh") * value)


class Block(nn.Module):
    def __init__(self, config: dict, decoder: bool, norm):
        super().__init__()
        self.own = Attention(config, joined=True)
        self.cross = Attention(config, joined=False) if decoder else None
        self.feed = Feed(config)
        self.norms = nn.ModuleList(norm(config["d_model"], config["eps"]) for _ in range(2 + decoder))


class T5(nn.Module):
    def __init__(self, config: dict, norm=Norm):
        super().__init__()
        self.config = config
        width, rows = config["d_model"], config["vocab_size"]
        self.shared = nn.Embedding(rows, width)
        self.encoder = nn.ModuleList(Block(config, False, norm) for _ in range(config["encoder_layers"]))
        self.decoder = nn.ModuleList(Block(config, True, norm) for _ in range(config["decoder_layers"]))
        self.offsets = nn.ModuleList(
            nn.Embedding(config["relative_buckets"], config["num_heads"]) for _ in range(2)
        )
        self.last_norms = nn.ModuleList(norm(width, config["eps"]) for _ in range(2))
        self.lm_head = Product(width, rows)

    def choose(self, fused: bool, turned: bool = False) -> None:
        """Attention of PyTorch's own or written out; weights as they are or the other way round."""
        for module in self.modules():
            if isinstance(module, Attention):
                module.fused = fused
            if isinstance(module, Product) and turned:
                module.turn()

    def bias(self, stack: int, tokens: int) -> torch.Tensor:
        """Offsets of scores, (1, heads, tokens, tokens)."""
        place = torch.arange(tokens)
        buckets, most = self.config["relative_buckets"], self.config["relative_max_distance"]
        kinds = bucket(place[None] - place[:, None], stack == 0, buckets, most)
        return self.offsets[stack](kinds).permute(2, 0, 1)[None].contiguous()

    def encode(self, tokens, counts=None):
        """Keys and values that each block of the decoder keeps of (batch, tokens): (2, batch, heads, tokens, width).
        `counts` (batch, tokens) says which tokens are looked at; all of them without."""
        x = self.shared(tokens)
        bias = self.bias(0, tokens.shape[1])
        if counts is not None:
            bias = bias.masked_fill(~counts[:, None, None], -torch.inf)
        for block in self.encoder:
            q, k, v = block.own.split(block.own.queries(block.norms[0](x)), 3)
            x = x + block.own(q, k, v, bias)
            x = x + block.feed(block.norms[1](x))
        x = self.last_norms[0](x)
        return [block.cross.split(block.cross.others(x), 2) for block in self.decoder]

    def step(self, token, bias, keep, read, read_bias=None):
        """Numbers for what follows `token` (batch, 1). `keep(block, k, v)` keeps the token's key and value and gives
        all of that block; `read` is what `encode` gave."""
        x = self.shared(token)
        for number, block in enumerate(self.decoder):
            q, k, v = block.own.split(block.own.queries(block.norms[0](x)), 3)
            x = x + block.own(q, *keep(number, k, v), bias)
            (q,) = block.cross.split(block.cross.queries(block.norms[1](x)), 1)
            x = x + block.cross(q, read[number][0], read[number][1], read_bias)
            x = x + block.feed(block.norms[2](x))
        return self.lm_head(self.last_norms[1](x))


class Writer:
    """Writes a text about what was read, with memory for it of its own."""

    def __init__(self, model: T5, read, length: int, read_bias=None, whole: bool = False):
        config = model.config
        self.model, self.read, self.read_bias, self.whole = model, read, read_bias, whole
        batch, kind = read[0].shape[1], read[0].dtype
        shape = (config["decoder_layers"], 2, batch, config["num_heads"], length, config["d_kv"])
        self.kept = torch.zeros(shape, dtype=kind)
        self.bias = model.bias(1, length).to(kind)
        if whole:
            later = torch.ones(length, length).triu(1).bool()
            self.bias = self.bias.masked_fill(later, -torch.inf)
            self.places = torch.arange(length)
            self.compiled = torch.compile(self.static_step)

    def static_step(self, token, place, bias, kept, read):
        """Over all places, those not yet written masked: shapes never change."""

        def keep(number, k, v):
            kept[number, 0].index_copy_(2, place, k)
            kept[number, 1].index_copy_(2, place, v)
            return kept[number, 0], kept[number, 1]

        return self.model.step(token, bias, keep, read, self.read_bias)

    def step(self, token, place: int):
        if self.whole:
            bias = self.bias[:, :, place : place + 1]
            return self.compiled(token, self.places[place : place + 1], bias, self.kept, self.read)

        def keep(number, k, v):
            self.kept[number, 0, :, :, place] = k[:, :, 0]
            self.kept[number, 1, :, :, place] = v[:, :, 0]
            return self.kept[number, 0, :, :, : place + 1], self.kept[number, 1, :, :, : place + 1]

        bias = self.bias[:, :, place : place + 1, : place + 1]
        return self.model.step(token, bias, keep, self.read, self.read_bias)


def build(config: dict, norm=Norm) -> T5:
    # Without numbers: `load` brings them all.
    with torch.device("meta"):
        return T5(config, norm).eval()


def checkpoint(config: dict, seed: int):
    """Tensors by their published names, at random, so that numbers neither die nor grow."""
    generator = np.random.default_rng(seed)
    width, inner = config["d_model"], config["num_heads"] * config["d_kv"]
    hidden, rows = config["d_ff"], config["vocab_size"]

    def normal(shape, deviation):
        return generator.standard_normal(shape, dtype=np.float32) * np.float32(deviation)

    def norm():
        return 1.0 + normal((width,), 0.1)

    yield "shared.weight", normal((rows, width), 1.0)
    for stack, layers, kinds in (
        ("encoder", config["encoder_layers"], ("SelfAttention",)),
        ("decoder", config["decoder_layers"], ("SelfAttention", "EncDecAttention")),
    ):
        for block in range(layers):
            name = f"{stack}.block.{block}.layer"
            for place, kind in enumerate(kinds):
                # Scores are not divided by a root, so queries are small.
                yield f"{name}.{place}.{kind}.q.weight", normal((inner, width), (width * config["d_kv"]) ** -0.5)
                yield f"{name}.{place}.{kind}.k.weight", normal((inner, width), width**-0.5)
                yield f"{name}.{place}.{kind}.v.weight", normal((inner, width), width**-0.5)
                yield f"{name}.{place}.{kind}.o.weight", normal((width, inner), inner**-0.5)
                if block == 0 and place == 0:
                    table = normal((config["relative_buckets"], config["num_heads"]), 1.0)
                    yield f"{name}.{place}.{kind}.relative_attention_bias.weight", table
                yield f"{name}.{place}.layer_norm.weight", norm()
            place = len(kinds)
            yield f"{name}.{place}.DenseReluDense.wi_0.weight", normal((hidden, width), width**-0.5)
            yield f"{name}.{place}.DenseReluDense.wi_1.weight", normal((hidden, width), width**-0.5)
            yield f"{name}.{place}.DenseReluDense.wo.weight", normal((width, hidden), hidden**-0.5)
            yield f"{name}.{place}.layer_norm.weight", norm()
        yield f"{stack}.final_layer_norm.weight", norm()
    yield "lm_head.weight", normal((rows, width), width**-0.5)


def load(model: T5, tensors: dict[str, np.ndarray]) -> None:
    """Loads tensors by their published names; each must be used."""
    tensors = {name: torch.from_numpy(tensor) for name, tensor in tensors.items()}

    def take(*names):
        parts = [tensors.pop(f"{name}.weight") for name in names]
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def set_(module, *names):
        weight = take(*names)
        if module.weight.shape != weight.shape:
            raise ValueError(f"{names[0]} has the shape {tuple(weight.shape)}")
        module.weight = nn.Parameter(weight, requires_grad=False)

    set_(model.shared, "shared")
    set_(model.lm_head, "lm_head")
    for number, (stack, blocks) in enumerate((("encoder", model.encoder), ("decoder", model.decoder))):
        set_(model.offsets[number], f"{stack}.block.0.layer.0.SelfAttention.relative_attention_bias")
        set_(model.last_norms[number], f"{stack}.final_layer_norm")
        for block_number, block in enumerate(blocks):
            name = f"{stack}.block.{block_number}.layer"
            own = f"{name}.0.SelfAttention"
            set_(block.own.queries, f"{own}.q", f"{own}.k", f"{own}.v")
            set_(block.own.o, f"{own}.o")
            if block.cross is not None:
                cross = f"{name}.1.EncDecAttention"
                set_(block.cross.queries, f"{cross}.q")
                set_(block.cross.others, f"{cross}.k", f"{cross}.v")
                set_(block.cross.o, f"{cross}.o")
            feed = f"{name}.{len(block.norms) - 1}.DenseReluDense"
            set_(block.feed.wi, f"{feed}.wi_0", f"{feed}.wi_1")
            set_(block.feed.wo, f"{feed}.wo")
            for place, norm in enumerate(block.norms):
                set_(norm, f"{name}.{place}.layer_norm")
    for name in ("encoder.embed_tokens.weight", "decoder.embed_tokens.weight"):
        tensors.pop(name, None)
    if tensors:
        raise ValueError(f"unexpected {sorted(tensors)[:3]}")


def forced(writer: Writer, tokens) -> torch.Tensor:
    """Numbers after each of `tokens` (batch, written), one step a token: (batch, written, vocabulary)."""
    return torch.cat([writer.step(tokens[:, i : i + 1], i).float() for i in range(tokens.shape[1])], 1)


def greedy(writer: Writer, length: int) -> list[int]:
    """The most probable token `length` times, whether or not it ends the text."""
    token, written = torch.full((1, 1), writer.model.config["pad"]), []
    for place in range(length):
        token = writer.step(token, place).argmax(-1)
        written.append(int(token))
    return written


def run_case(config: dict, weights: dict, given: dict, fused: bool) -> np.ndarray:
    """Numbers for a case with `input`, `attention_mask` and `decoder_input_ids`."""
    model = build(config)
    load(model, weights)
    model.choose(fused)
    read, written = (torch.from_numpy(given[name]) for name in ("input", "decoder_input_ids"))
    counts = torch.from_numpy(given["attention_mask"]).bool() if "attention_mask" in given else None
    read_bias = None
    if counts is not None:
        read_bias = torch.zeros(counts.shape)[:, None, None].masked_fill(~counts[:, None, None], -torch.inf)
    writer = Writer(model, model.encode(read, counts), written.shape[1], read_bias)
    return forced(writer, written).numpy()


def torch_engine(weights: Path, config: dict, given: Path, kernel: str, kind: str):
    """Ways to get the numbers of the case and to write a text, for `worker.py`."""
    model = build(config)
    load(model, tensors.read(weights))
    if kind == "bf16":
        model.to(torch.bfloat16)
    model.choose(fused=kernel != "plain", turned=kernel == "plain")
    given = {name: torch.from_numpy(tensor) for name, tensor in tensors.read(given).items()}
    read = model.encode(given["input"])
    model.encoder = None
    writer = Writer(model, read, config["written"], whole=kernel == "compiled")
    return lambda: forced(writer, given["decoder_input_ids"]).numpy(), lambda: greedy(writer, config["written"])


class Step(nn.Module):
    """A step with all that is kept as inputs and outputs, to export."""

    def __init__(self, model: T5):
        super().__init__()
        self.model = model

    def forward(self, token, bias, *kept):
        blocks = len(self.model.decoder)
        own, read = kept[: 2 * blocks], kept[2 * blocks :]
        longer = []

        def keep(number, k, v):
            longer.append(torch.cat((own[2 * number], k), 2))
            longer.append(torch.cat((own[2 * number + 1], v), 2))
            return longer[-2:]

        numbers = self.model.step(token, bias, keep, list(zip(read[::2], read[1::2])))
        return numbers, numbers.argmax(-1), *longer


def export(weights: Path, config: dict, given: Path, out: Path) -> None:
    """Writes a step as ONNX, and beside it what was read and the offsets of scores."""
    model = build(config, WrittenNorm)
    load(model, tensors.read(weights))
    model.choose(fused=False)
    read = model.encode(torch.from_numpy(tensors.read(given)["input"]))
    model.encoder = None
    blocks, heads, width = config["decoder_layers"], config["num_heads"], config["d_kv"]
    beside = {f"read.{n}.{part}": read[n][i].numpy() for n in range(blocks) for i, part in enumerate("kv")}
    beside["bias"] = model.bias(1, config["written"]).numpy()
    tensors.write(out.with_suffix(".safetensors"), beside)
    own = [torch.zeros(1, heads, 3, width) for _ in range(2 * blocks)]
    names = [f"own.{n}.{part}" for n in range(blocks) for part in "kv"]
    longer = [name.replace("own", "longer") for name in names]
    torch.onnx.export(
        Step(model),
        (torch.zeros(1, 1, dtype=torch.long), torch.zeros(1, heads, 1, 4), *own, *(part for kv in read for part in kv)),
        out,
        opset_version=17,
        dynamo=False,
        input_names=["token", "bias", *names, *(name.replace("own", "read") for name in names)],
        output_names=["numbers", "next", *longer],
        dynamic_axes={"bias": {3: "all"}} | {n: {2: "kept"} for n in names} | {n: {2: "all"} for n in longer},
    )


def onnx_engine(session, config: dict, model: Path, given: Path):
    """The same for ONNX Runtime: what is kept stays in its own memory from step to step."""
    import onnxruntime

    value = onnxruntime.OrtValue.ortvalue_from_numpy
    beside = tensors.read(model.with_suffix(".safetensors"))
    bias = beside.pop("bias")
    biases = [value(np.ascontiguousarray(bias[:, :, n : n + 1, : n + 1])) for n in range(config["written"])]
    read = {name: value(tensor) for name, tensor in beside.items()}
    nothing = value(np.zeros((1, config["num_heads"], 0, config["d_kv"]), np.float32))
    names = [name.replace("read", "own") for name in read]
    longer = [name.replace("read", "longer") for name in read]
    binding = session.io_binding()
    for name, tensor in read.items():
        binding.bind_ortvalue_input(name, tensor)

    def steps(tokens=None):
        own = [nothing] * len(names)
        token = value(np.full((1, 1), config["pad"]))
        for place in range(config["written"]):
            if tokens is not None:
                token = value(np.ascontiguousarray(tokens[:, place : place + 1]))
            binding.bind_ortvalue_input("token", token)
            binding.bind_ortvalue_input("bias", biases[place])
            for name, tensor in zip(names, own):
                binding.bind_ortvalue_input(name, tensor)
            for name in ("numbers", "next", *longer):
                binding.bind_output(name, "cpu")
            session.run_with_iobinding(binding)
            numbers, token, *own = binding.get_outputs()
            yield numbers, token

    def numbers_of_the_case():
        tokens = tensors.read(given)["decoder_input_ids"]
        return np.concatenate([numbers.numpy() for numbers, _ in steps(tokens)], 1)

    return numbers_of_the_case, lambda: [int(token.numpy()[0, 0]) for _, token in steps()]


def macs(config: dict) -> float:
    """Multiply-adds of one token half-way through the text."""
    width, inner = config["d_model"], config["num_heads"] * config["d_kv"]
    matrices = width * (6 * inner + 3 * config["d_ff"])
    attended = 2 * inner * (config["read"] + (config["written"] + 1) / 2)
    return config["decoder_layers"] * (matrices + attended) + width * config["vocab_size"]
