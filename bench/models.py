"""The lifting networks in PyTorch, as a yardstick for our own forward passes; those of keypoints: `pose.py`, those
of gait parameters: `params.py`.

Written for this bench; tensor names are those of the checkpoints that `ambulo weights import` reads.
Every lifting network maps (batch, frames, joints, 2) to (batch, frames or 1, joints, 3).
"""

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

import params
import pose
import t5


class FusedInOnnx(torch.autograd.Function):
    """Attention that the exporter writes as ONNX Runtime's own fused operator."""

    @staticmethod
    def forward(ctx, q, k, v, heads: int, scale: float):
        return attend(q, k, v, heads, scale, "fused")

    @staticmethod
    def symbolic(graph, q, k, v, heads: int, scale: float):
        out = graph.op(
            "com.microsoft::MultiHeadAttention", q, k, v, num_heads_i=heads, scale_f=scale
        )
        return out.setType(q.type())


def attend(q, k, v, heads: int, scale: float, kernel: str):
    """Attention over (batch, tokens, features), the features split into heads in turn.

    `kernel` is "plain" (products and a softmax), "fused" (PyTorch's own) or "onnx" (to export ONNX
    Runtime's own).
    """
    if kernel == "onnx":
        return FusedInOnnx.apply(q, k, v, heads, scale)
    q, k, v = (part.unflatten(-1, (heads, -1)).transpose(1, 2) for part in (q, k, v))
    if kernel == "fused":
        out = F.scaled_dot_product_attention(q, k, v, scale=scale)
    else:
        out = torch.softmax((q * scale) @ k.transpose(-2, -1), dim=-1) @ v
    return out.transpose(1, 2).flatten(-2)


def pooling_matrix(source: int, target: int) -> torch.Tensor:
    """Adaptive average pooling along tokens as a (target, source) matrix."""
    matrix = torch.zeros(target, source)
    for i in range(target):
        start, end = i * source // target, -(-(i + 1) * source // target)
        matrix[i, start:end] = 1.0 / (end - start)
    return matrix


class Mlp(nn.Module):
    def __init__(self, width: int, ratio: int):
        super().__init__()
        self.fc1 = nn.Linear(width, ratio * width)
        self.fc2 = nn.Linear(ratio * width, width)

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x)))


# --- RTPCA and MixSTE ---------------------------------------------------------------------------


def halve(x):
    """Adaptive average pooling of the last axis to half its length, rounded down: with an odd
    length the windows are three wide and overlap by one."""
    return F.avg_pool1d(x, kernel_size=2 + x.shape[-1] % 2, stride=2)


class Pyramid(nn.Module):
    """The temporal pyramid's layers; they sit beside `q` and `kv` under the same prefix."""

    @staticmethod
    def add_to(module: nn.Module, dim: int, frames: int, eps: float):
        lengths = [frames, frames // 2, frames // 4, frames // 8]
        for i in range(3):
            setattr(module, f"norm{i + 1}", nn.LayerNorm(lengths[i + 1], eps=eps))
            target = lengths[2 - i]
            kernel = target - 2 * (lengths[3 - i] - 1)
            setattr(module, f"up{i + 1}", nn.ConvTranspose1d(dim, dim, kernel, 2, groups=dim))
            setattr(module, f"upnorm{i + 1}", nn.LayerNorm(target, eps=eps))
        module.norm4 = nn.LayerNorm(dim, eps=eps)


def double_length(x, up: nn.ConvTranspose1d):
    """A depthwise transposed convolution of stride two, as products and a sum: PyTorch's own
    kernel for it is slow on a CPU."""
    weight, bias = up.weight, up.bias[:, None]
    even, odd = x * weight[:, :, 0] + bias, x * weight[:, :, 1] + bias
    pairs = torch.stack((even, odd), dim=-1).flatten(-2)
    if weight.shape[-1] == 2:
        return pairs
    late = x * weight[:, :, 2]
    # The third tap of token i lands on the first of token i + 1, and after the last token.
    tail = late[..., -1:] + bias
    even = torch.cat((even[..., :1], even[..., 1:] + late[..., :-1]), dim=-1)
    return torch.cat((torch.stack((even, odd), dim=-1).flatten(-2), tail), dim=-1)


class SequenceAttention(nn.Module):
    """Self-attention of a block; a temporal one may filter its keys and remember the last block's."""

    def __init__(self, config: dict, temporal: bool, memory_from: int | None):
        super().__init__()
        dim, self.heads = config["dim"], config["heads"]
        self.scale = (dim // self.heads) ** -0.5
        self.fused_qkv = config["model"] == "mixste"
        self.pyramid = temporal and config.get("tpca", False)
        self.kernel = "fused"
        self.upsampling = "library"
        if self.fused_qkv:
            self.qkv = nn.Linear(dim, 3 * dim)
        else:
            self.q = nn.Linear(dim, dim)
            self.kv = nn.Linear(dim, 2 * dim)
        self.proj = nn.Linear(dim, dim)
        if self.pyramid:
            Pyramid.add_to(self, dim, config["frames"], config["tpca_eps"])
        if memory_from is not None:
            pool = pooling_matrix(memory_from, config["frames"] // 8)
            self.register_buffer("pool", pool, persistent=False)

    def double_length(self, x, up):
        return up(x) if self.upsampling == "library" else double_length(x, up)

    def filtered(self, u):
        z0 = u.transpose(1, 2)
        p1 = F.gelu(self.norm1(halve(z0)))
        p2 = F.gelu(self.norm2(halve(p1)))
        p3 = F.gelu(self.norm3(halve(p2)))
        c1 = F.gelu(self.upnorm1(self.double_length(p3, self.up1)))
        c2 = F.gelu(self.upnorm2(self.double_length(c1 + p2, self.up2)))
        c3 = F.gelu(self.upnorm3(self.double_length(c2 + p1, self.up3)))
        return self.norm4((c3 + z0).transpose(1, 2))

    def forward(self, u, memory):
        if self.fused_qkv:
            q, k, v = self.qkv(u).chunk(3, dim=-1)
        else:
            q = self.q(u)
            source = self.filtered(u) if self.pyramid else u
            k, v = self.kv(source).chunk(2, dim=-1)
        if memory is not None:
            k = torch.cat((k, self.pool @ memory[0]), dim=-2)
            v = torch.cat((v, self.pool @ memory[1]), dim=-2)
        return self.proj(attend(q, k, v, self.heads, self.scale, self.kernel)), (k, v)


class SequenceBlock(nn.Module):
    def __init__(self, config: dict, temporal: bool, memory_from: int | None = None):
        super().__init__()
        dim, eps = config["dim"], config["block_eps"]
        self.norm1 = nn.LayerNorm(dim, eps=eps)
        self.attn = SequenceAttention(config, temporal, memory_from)
        self.norm2 = nn.LayerNorm(dim, eps=eps)
        self.mlp = Mlp(dim, config["mlp_ratio"])

    def forward(self, x, memory=None):
        out, remembered = self.attn(self.norm1(x), memory)
        x = x + out
        return x + self.mlp(self.norm2(x)), remembered


class SequenceLifter(nn.Module):
    """RTPCA, its ablations, and MixSTE: blocks over joints and over frames in turn."""

    def __init__(self, config: dict):
        super().__init__()
        self.config = config
        frames, joints, dim = config["frames"], config["joints"], config["dim"]
        self.Spatial_patch_to_embedding = nn.Linear(2, dim)
        self.Spatial_pos_embed = nn.Parameter(torch.zeros(1, joints, dim))
        self.Temporal_pos_embed = nn.Parameter(torch.zeros(1, frames, dim))
        self.STEblocks = nn.ModuleList()
        self.TTEblocks = nn.ModuleList()
        for i in range(config["depth"]):
            # The first block hands on its own keys, every later one those and its memory's.
            handed_on = frames if i == 1 else frames + frames // 8
            memory_from = handed_on if config.get("xlr", False) and i > 0 else None
            self.STEblocks.append(SequenceBlock(config, temporal=False))
            self.TTEblocks.append(SequenceBlock(config, temporal=True, memory_from=memory_from))
        self.Spatial_norm = nn.LayerNorm(dim, eps=config["block_eps"])
        self.Temporal_norm = nn.LayerNorm(dim, eps=config["block_eps"])
        self.head = nn.Sequential(nn.LayerNorm(dim, eps=config["head_eps"]), nn.Linear(dim, 3))

    def forward(self, x):
        batch, frames, joints, _ = x.shape
        xlr = self.config.get("xlr", False)
        residual = self.config.get("xlr_residual", "none")
        x = self.Spatial_patch_to_embedding(x) + self.Spatial_pos_embed
        memory = None
        for i, (spatial, temporal) in enumerate(zip(self.STEblocks, self.TTEblocks)):
            before = x
            x, _ = spatial(x.flatten(0, 1))
            x = self.Spatial_norm(x).unflatten(0, (batch, frames)).transpose(1, 2).flatten(0, 1)
            if i == 0:
                x = x + self.Temporal_pos_embed
            x, remembered = temporal(x, memory)
            memory = remembered if xlr else None
            x = self.Temporal_norm(x).unflatten(0, (batch, joints)).transpose(1, 2)
            if i > 0 and residual == "self_double":
                x = x + x
            elif i > 0 and residual == "prev":
                x = x + before
        return self.head(x)


# --- ConvFormer ---------------------------------------------------------------------------------


class Bank(nn.ModuleList):
    """Convolutions of several kernels; the blend of their outputs is learned."""

    def __init__(self, channels: int, kernels: list[int]):
        super().__init__(nn.Conv1d(channels, channels, k, padding=k // 2) for k in kernels)

    def blend(self, x, eta):
        alpha = torch.softmax(eta, dim=0)
        return sum(alpha[m] * conv(x) for m, conv in enumerate(self))

    def folded(self, eta) -> tuple[torch.Tensor, torch.Tensor]:
        """Weight and bias of the one convolution that equals the bank."""
        alpha = torch.softmax(eta, dim=0)
        width = max(conv.kernel_size[0] for conv in self)
        weight, bias = 0, 0
        for m, conv in enumerate(self):
            margin = (width - conv.kernel_size[0]) // 2
            weight = weight + alpha[m] * F.pad(conv.weight, (margin, margin))
            bias = bias + alpha[m] * conv.bias
        return weight, bias


class ConvAttention(nn.Module):
    def __init__(self, channels: int, width: int, heads: int, kernels: list[int]):
        super().__init__()
        self.heads, self.scale = heads, (width // heads) ** -0.5
        self.kernel = "fused"
        self.q, self.k, self.v = (Bank(channels, kernels) for _ in range(3))
        self.eta_q, self.eta_k, self.eta_v = (
            nn.Parameter(torch.zeros(len(kernels))) for _ in range(3)
        )
        self.proj = nn.Linear(channels, channels)
        self.one = None

    def fold(self):
        """Replaces the nine convolutions by one of three times the channels."""
        banks = ((self.q, self.eta_q), (self.k, self.eta_k), (self.v, self.eta_v))
        parts = [bank.folded(eta) for bank, eta in banks]
        weight = torch.cat([weight for weight, _ in parts])
        self.one = nn.Conv1d(
            weight.shape[1], weight.shape[0], weight.shape[2], padding=weight.shape[2] // 2
        )
        self.one.weight.data = weight.detach()
        self.one.bias.data = torch.cat([bias for _, bias in parts]).detach()
        del self.q, self.k, self.v, self.eta_q, self.eta_k, self.eta_v

    def qkv(self, x):
        if self.one is not None:
            return self.one(x).chunk(3, dim=1)
        return (
            self.q.blend(x, self.eta_q),
            self.k.blend(x, self.eta_k),
            self.v.blend(x, self.eta_v),
        )


class JointAttention(ConvAttention):
    """Tokens are joints, channels the features."""

    def forward(self, z):
        q, k, v = (part.transpose(1, 2) for part in self.qkv(z.transpose(1, 2)))
        return self.proj(attend(q, k, v, self.heads, self.scale, self.kernel))


class FrameAttention(ConvAttention):
    """Tokens are frames, and so are the channels; the projection mixes frames."""

    def forward(self, z):
        q, k, v = self.qkv(z)
        out = attend(q, k, v, self.heads, self.scale, self.kernel)
        return self.proj.weight @ out + self.proj.bias[:, None]


class ConvBlock(nn.Module):
    def __init__(self, attention: ConvAttention, width: int, config: dict):
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=config["block_eps"])
        self.attn = attention
        self.norm2 = nn.LayerNorm(width, eps=config["block_eps"])
        self.mlp = Mlp(width, config["mlp_ratio"])

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class ConvFormerHead(nn.Module):
    def __init__(self, frames: int, width: int, joints: int, eps: float):
        super().__init__()
        self.norm = nn.LayerNorm(width, eps=eps)
        self.linear = nn.Linear(width, 3 * joints)
        self.frames = nn.Conv1d(frames, 1, 1)

    def forward(self, x):
        return self.frames(self.linear(self.norm(x)))


class ConvFormer(nn.Module):
    def __init__(self, config: dict):
        super().__init__()
        self.config = config
        frames, dim, joints = config["frames"], config["dim"], config["joints_in"]
        heads, kernels, eps = config["heads"], config["kernels"], config["block_eps"]
        width = dim * joints
        self.embed = nn.Linear(2, dim)
        self.spatial_pos = nn.Parameter(torch.zeros(1, joints, dim))
        self.temporal_pos = nn.Parameter(torch.zeros(1, frames, width))
        self.spatial = nn.ModuleList(
            ConvBlock(JointAttention(dim, dim, heads, kernels), dim, config)
            for _ in range(config["spatial_blocks"])
        )
        self.temporal = nn.ModuleList(
            ConvBlock(FrameAttention(frames, width, heads, kernels), width, config)
            for _ in range(config["temporal_blocks"])
        )
        self.spatial_norm = nn.LayerNorm(dim, eps=eps)
        self.temporal_norm = nn.LayerNorm(width, eps=eps)
        self.head = ConvFormerHead(frames, width, config["joints_out"], config["head_eps"])

    def forward(self, x):
        batch, frames = x.shape[:2]
        x = (self.embed(x) + self.spatial_pos).flatten(0, 1)
        for block in self.spatial:
            x = block(x)
        x = self.spatial_norm(x).flatten(-2).unflatten(0, (batch, frames)) + self.temporal_pos
        for block in self.temporal:
            x = block(x)
        return self.head(self.temporal_norm(x)).unflatten(-1, (-1, 3))


# --- Both families ------------------------------------------------------------------------------


def build(config: dict) -> nn.Module:
    if config["model"] in pose.NETWORKS:
        return pose.build(config)
    if config["model"] in params.NETWORKS:
        return params.build(config)
    return (ConvFormer if config["model"] == "convformer" else SequenceLifter)(config).eval()


def input_shape(config: dict) -> tuple[int, ...]:
    """Of one batch."""
    batch = config.get("batch", 1)
    if config["model"] in pose.NETWORKS:
        width, height = config["image_size"]
        return batch, 3, height, width
    if config["model"] == "cnn1d":
        return batch, config["frames"], config["features"]
    return batch, config["frames"], config.get("joints_in", config.get("joints")), 2


def load(model: nn.Module, tensors: dict[str, np.ndarray]) -> None:
    """Loads tensors by name; only the pyramids inside RTPCA's spatial blocks, which the released
    model carries and never uses, may be left over."""
    state = {name: torch.from_numpy(tensor) for name, tensor in params.renamed(tensors).items()}
    missing, unexpected = model.load_state_dict(state, strict=False)
    unused = ("norm1.", "norm2.", "norm3.", "norm4.", "up")
    missing = [name for name in missing if not name.endswith("num_batches_tracked")]
    unexpected = [
        name
        for name in unexpected
        if not (name.startswith("STEblocks.") and name.split(".attn.")[-1].startswith(unused))
    ]
    if missing or unexpected:
        raise ValueError(f"missing {missing[:3]}, unexpected {unexpected[:3]}")


def randomize(model: nn.Module, seed: int) -> None:
    """Weights of a trained network's scale, so that no activation dies or grows without bound."""
    generator = torch.Generator().manual_seed(seed)
    for parameter in model.parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        if parameter.dim() >= 2 and parameter.shape[0] > 1:
            fan_in = math.prod(parameter.shape[1:])
            parameter.data = noise / math.sqrt(fan_in)
        else:
            parameter.data = 0.1 * noise
    for module in model.modules():
        if isinstance(module, (nn.LayerNorm, nn.BatchNorm1d, nn.BatchNorm2d)):
            module.weight.data += 1.0
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            noise = torch.randn(2, len(module.running_mean), generator=generator)
            module.running_mean = 0.1 * noise[0]
            module.running_var = 1.0 + 0.2 * noise[1].abs()


def fold(model: nn.Module) -> None:
    """Folds every kernel bank of a ConvFormer, and all batch norms of a network of keypoints; the outputs
    stay the same."""
    if isinstance(model, (pose.Pose, pose.SmallPose)):
        return pose.fold(model)
    for module in model.modules():
        if isinstance(module, ConvAttention):
            module.fold()


def choose(model: nn.Module, attention: str, upsampling: str = "library") -> None:
    """Chooses how attention (see `attend`) and the pyramid's transposed convolutions ("library" or
    "slices") are computed; the outputs stay the same."""
    for module in model.modules():
        if isinstance(module, (SequenceAttention, ConvAttention, pose.Attention, params.Attention)):
            module.kernel = attention
        if isinstance(module, SequenceAttention):
            module.upsampling = upsampling


def macs(config: dict, folded: bool = True) -> float:
    """Multiply-adds of the matrix products, convolutions and attention of one clip or picture."""
    if config["model"] in pose.NETWORKS:
        return pose.macs(config)
    if config["model"] in params.NETWORKS:
        return params.macs(config)
    if config["model"] in t5.NETWORKS:
        return t5.macs(config)
    frames, dim, ratio = config["frames"], config["dim"], config["mlp_ratio"]
    if config["model"] == "convformer":
        joints, kernels = config["joints_in"], config["kernels"]
        width = dim * joints
        taps = max(kernels) if folded else sum(kernels)
        spatial = frames * (
            3 * dim * dim * taps * joints
            + 2 * joints * joints * dim
            + joints * dim * dim * (1 + 2 * ratio)
        )
        temporal = (
            3 * frames * frames * taps * width
            + 2 * frames * frames * width
            + frames * frames * width
            + frames * width * width * 2 * ratio
        )
        head = frames * width * 3 * config["joints_out"]
        return (
            config["spatial_blocks"] * spatial
            + config["temporal_blocks"] * temporal
            + head
            + frames * joints * 2 * dim
        )
    joints, depth = config["joints"], config["depth"]
    tokens = frames * joints
    linear = 2 * depth * tokens * dim * dim * (4 + 2 * ratio)
    remembered = frames // 8 if config.get("xlr", False) else 0
    spatial = depth * 2 * tokens * joints * dim
    temporal = 2 * tokens * dim * (depth * frames + (depth - 1) * remembered)
    return linear + spatial + temporal + tokens * dim * 5
