"""The networks that estimate gait parameters in PyTorch, as a yardstick for our own forward passes.

Written for this bench; tensor names are those that `ambulo weights import` reads. STT maps (batch, frames, joints, 2)
to (batch, 1, 1, 1), the 1D-CNN (batch, frames, features) to (batch, 1, 1, 2).
"""

import torch
import torch.nn.functional as F
from torch import nn

NETWORKS = ("stt", "cnn1d")


class Attention(nn.Module):
    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads, self.kernel = heads, "fused"
        # A number of its own: traced, a size of the input would be none.
        self.scale = (width // heads) ** -0.5
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x):
        from models import attend

        q, k, v = self.qkv(x).chunk(3, -1)
        return self.proj(attend(q, k, v, self.heads, self.scale, self.kernel))


class Block(nn.Module):
    def __init__(self, width: int, config: dict):
        from models import Mlp

        super().__init__()
        eps = config["block_eps"]
        self.norm1, self.attn = nn.LayerNorm(width, eps=eps), Attention(width, config["heads"])
        self.norm2, self.mlp = nn.LayerNorm(width, eps=eps), Mlp(width, config["mlp_ratio"])

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class Stt(nn.Module):
    def __init__(self, config: dict):
        super().__init__()
        frames, joints, dim = config["frames"], config["joints"], config["dim"]
        wide = joints * dim
        self.joint_embedding = nn.Linear(2, dim)
        self.spatial_positional_enc = nn.Parameter(torch.zeros(1, joints, dim))
        self.temporal_positional_enc = nn.Parameter(torch.zeros(1, frames, wide))
        self.spatial_block, self.temporal_block = Block(dim, config), Block(wide, config)
        self.spatial_norm = nn.LayerNorm(dim, eps=config["block_eps"])
        self.temporal_norm = nn.LayerNorm(wide, eps=config["block_eps"])
        self.weighted_mean = nn.Conv1d(frames, 1, 1)
        self.regression_head = nn.Sequential(
            nn.LayerNorm(wide, eps=config["head_eps"]), nn.Linear(wide, 8), nn.ReLU(), nn.Linear(8, 1)
        )

    def forward(self, x):
        batch, frames, joints, _ = x.shape
        x = self.joint_embedding(x).flatten(0, 1) + self.spatial_positional_enc
        x = self.spatial_norm(self.spatial_block(x)).reshape(batch, frames, -1)
        x = self.temporal_norm(self.temporal_block(x + self.temporal_positional_enc))
        return self.regression_head(self.weighted_mean(x))[:, None]


class Cnn1d(nn.Module):
    def __init__(self, config: dict):
        super().__init__()
        filters, self.kernel = config["filters"], config["kernel"]
        self.pools, inputs, frames = config["pools"], config["features"], config["frames"]
        for number in range(1, 2 * len(self.pools) + 1):
            setattr(self, f"conv{number}", nn.Conv1d(inputs, filters, self.kernel))
            setattr(self, f"norm{number}", nn.BatchNorm1d(filters, eps=config["bn_eps"]))
            inputs = filters
        for pool in self.pools:
            frames //= pool
        self.dense1, self.dense2 = nn.Linear(frames * filters, config["dense"]), nn.Linear(config["dense"], 2)

    def forward(self, x):
        x = x.transpose(1, 2)
        before = (self.kernel - 1) // 2
        for group, pool in enumerate(self.pools):
            for number in (2 * group + 1, 2 * group + 2):
                x = F.pad(x, (before, self.kernel - 1 - before))
                x = getattr(self, f"norm{number}")(F.relu(getattr(self, f"conv{number}")(x)))
            x = F.max_pool1d(x, pool)
        x = self.dense2(F.relu(self.dense1(x.transpose(1, 2).flatten(1))))
        return x[:, None, None]


def build(config: dict) -> nn.Module:
    return (Stt if config["model"] == "stt" else Cnn1d)(config).eval()


def renamed(tensors: dict) -> dict:
    """Tensors under the names and in the layouts of Keras as PyTorch has them; others as they are."""
    kinds = {"conv1d": "conv", "batch_normalization": "norm", "dense": "dense"}
    parts = {"kernel": "weight", "gamma": "weight", "beta": "bias", "moving_mean": "running_mean"}
    parts |= {"moving_variance": "running_var", "bias": "bias"}
    own = {}
    for name, tensor in tensors.items():
        if name.endswith(":0"):
            layer, part = name.removesuffix(":0").split("/")
            kind, number = layer.rsplit("_", 1)
            name, tensor = f"{kinds[kind]}{number}.{parts[part]}", tensor.T.copy()
        own[name] = tensor
    return own


def macs(config: dict) -> float:
    """Multiply-adds of the matrix products, convolutions and attention of one window."""
    import models
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter, torch.no_grad():
        build(config)(torch.zeros(1, *models.input_shape(config)[1:]))
    return counter.get_total_flops() / 2
