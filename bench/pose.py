"""The networks that find keypoints in PyTorch, as a yardstick for our own forward passes.

Written for this bench; tensor names are those of the checkpoints that `ambulo weights import` reads.
Every network maps (batch, 3, height, width) to (batch, joints, height / 4, width / 4). Of the settings only
those that the bench uses are known: see `compare.py`.
"""

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

NETWORKS = ("transpose_h", "vttranspose", "vttranspose_small")


def conv(inputs: int, outputs: int, size: int, stride: int = 1, bias: bool = False) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=bias)


def unit(inputs: int, outputs: int, size: int, stride: int = 1, relu: bool = True) -> nn.Sequential:
    parts = [conv(inputs, outputs, size, stride), nn.BatchNorm2d(outputs)]
    return nn.Sequential(*parts, *([nn.ReLU()] if relu else []))


class Basic(nn.Module):
    def __init__(self, inputs: int, channels: int, stride: int = 1):
        super().__init__()
        self.conv1, self.bn1 = conv(inputs, channels, 3, stride), nn.BatchNorm2d(channels)
        self.conv2, self.bn2 = conv(channels, channels, 3), nn.BatchNorm2d(channels)
        same = stride == 1 and inputs == channels
        self.downsample = None if same else unit(inputs, channels, 1, stride, relu=False)

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


class Bottleneck(nn.Module):
    def __init__(self, inputs: int, width: int):
        super().__init__()
        self.conv1, self.bn1 = conv(inputs, width, 1), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = conv(width, width, 3), nn.BatchNorm2d(width)
        self.conv3, self.bn3 = conv(width, 4 * width, 1), nn.BatchNorm2d(4 * width)
        same = inputs == 4 * width
        self.downsample = None if same else unit(inputs, 4 * width, 1, relu=False)

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = self.bn3(self.conv3(F.relu(self.bn2(self.conv2(y)))))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


class Named(nn.Conv2d):
    """A convolution whose norm stands in its own name."""

    def __init__(self, inputs: int, outputs: int, size: tuple[int, int]):
        super().__init__(inputs, outputs, size, padding=(size[0] // 2, size[1] // 2), bias=False)
        self.bn = nn.BatchNorm2d(outputs)

    def forward(self, x):
        return self.bn(super().forward(x))


class Link(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.v, self.h = Named(width, width, (3, 1)), Named(width, width, (1, 3))

    def forward(self, x):
        return F.relu(self.h(self.v(x)))


class VBlock(nn.Module):
    def __init__(self, channels: int, width: int):
        super().__init__()
        for part in range(1, 5):
            setattr(self, f"P{part}", Named(channels // 4, width, (1, 1)))
        for step in range(1, 8):
            setattr(self, f"A{step}", Link(width))
        self.out = Named(4 * width, channels, (1, 1))

    def forward(self, x):
        entries = (self.P1, self.P2, self.P3, self.P4)
        p1, p2, p3, p4 = (F.relu(entry(part)) for entry, part in zip(entries, x.chunk(4, 1)))
        f1 = self.A1(p1)
        f2 = self.A2(f1 + p2)
        f3 = self.A3(f2 + p3)
        y4 = self.A4(f3 + p4)
        y3 = self.A5(y4 + f3)
        y2 = self.A6(y3 + f2)
        y1 = self.A7(y2 + f1)
        return F.relu(x + self.out(torch.cat((y1, y2, y3, y4), 1)))


class Stage(nn.Module):
    """Branches of falling size side by side, and what each takes from the others."""

    def __init__(self, config: dict, channels: list[int], outputs: int):
        super().__init__()

        def block(branch: int, place: int):
            if branch == 2 and place in config.get("v_replace", []):
                return VBlock(channels[2], config["v_width"])
            return Basic(channels[branch], channels[branch])

        def fuse(to: int, source: int):
            if source > to:
                return unit(channels[source], channels[to], 1, relu=False)
            steps = range(source, to)
            widths = [channels[to if step + 1 == to else source] for step in steps]
            return nn.Sequential(
                *(unit(channels[source], width, 3, 2, step + 1 < to) for step, width in zip(steps, widths))
            )

        branches = range(len(channels))
        places = range(config["blocks_per_branch"])
        self.branches = nn.ModuleList(nn.Sequential(*(block(b, p) for p in places)) for b in branches)
        self.fuse_layers = nn.ModuleList(
            nn.ModuleList(fuse(to, source) for source in branches) for to in range(outputs)
        )

    def forward(self, maps):
        maps = [branch(x) for branch, x in zip(self.branches, maps)]
        sums = []
        for to, fuses in enumerate(self.fuse_layers):
            total = maps[to]
            for source, (fuse, x) in enumerate(zip(fuses, maps)):
                if source > to:
                    total = total + F.interpolate(fuse(x), scale_factor=2 ** (source - to), mode="nearest")
                elif source < to:
                    total = total + fuse(x)
            sums.append(F.relu(total))
        return sums


class Attention(nn.Module):
    def __init__(self, width: int, heads: int, packed: bool):
        super().__init__()
        self.width, self.heads, self.kernel = width, heads, "fused"
        if packed:
            self.in_proj_weight = nn.Parameter(torch.empty(3 * width, width))
            self.in_proj_bias = nn.Parameter(torch.empty(3 * width))
            self.out_proj = nn.Linear(width, width)
        else:
            self.in_proj, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x, places):
        """Over the second-last axis of (batch, tokens, width)."""
        from models import attend

        width = self.width
        packed = hasattr(self, "out_proj")
        weight = self.in_proj_weight if packed else self.in_proj.weight
        bias = self.in_proj_bias if packed else self.in_proj.bias
        q, k = F.linear(x + places, weight[: 2 * width], bias[: 2 * width]).chunk(2, -1)
        v = F.linear(x, weight[2 * width :], bias[2 * width :])
        scale = (width // self.heads) ** -0.5
        out = attend(q, k, v, self.heads, scale, self.kernel)
        return (self.out_proj if packed else self.out)(out)


class Separable(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.dw = nn.Conv2d(width, width, 3, padding=1, groups=width)
        self.pw = nn.Conv2d(width, width, 1)

    def forward(self, x):
        return self.pw(self.dw(x))


class SelfLayer(nn.Module):
    def __init__(self, config: dict, width: int):
        super().__init__()
        self.self_attn = Attention(width, config["heads"], packed=True)
        self.linear1, self.linear2 = nn.Linear(width, config["ffn"]), nn.Linear(config["ffn"], width)
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)

    def forward(self, x, places):
        batch, rows, columns, width = x.shape
        x = x.reshape(batch, rows * columns, width)
        x = self.norm1(x + self.self_attn(x, places.reshape(rows * columns, width)))
        x = self.norm2(x + self.linear2(F.relu(self.linear1(x))))
        return x.reshape(batch, rows, columns, width)


class TwinLayer(nn.Module):
    def __init__(self, config: dict, width: int):
        super().__init__()
        self.col, self.row = (Attention(width, config["heads"], packed=False) for _ in range(2))
        self.dsc_a, self.dsc_b = Separable(width), Separable(width)
        self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(width) for _ in range(3))

    def forward(self, x, places):
        batch, rows, columns, width = x.shape
        turned = x.transpose(1, 2).reshape(batch * columns, rows, width)
        of_columns = places.transpose(0, 1).expand(batch, columns, rows, width)
        y = self.col(turned, of_columns.reshape(batch * columns, rows, width))
        x = self.norm1(x + y.reshape(batch, columns, rows, width).transpose(1, 2))
        flat = x.reshape(batch * rows, columns, width)
        of_rows = places.expand(batch, rows, columns, width).reshape(flat.shape)
        x = self.norm2(x + self.row(flat, of_rows).reshape(x.shape))
        y = self.dsc_b(F.leaky_relu(self.dsc_a(x.permute(0, 3, 1, 2)), 0.01))
        return self.norm3(x + y.permute(0, 2, 3, 1))


class Layers(nn.Module):
    def __init__(self, config: dict, width: int):
        super().__init__()
        layer = SelfLayer if config["model"] == "transpose_h" else TwinLayer
        self.layers = nn.ModuleList(layer(config, width) for _ in range(config["layers"]))


def add_encoder(module: nn.Module, config: dict, rows: int, columns: int, width: int):
    if config["model"] == "transpose_h":
        module.pos_embedding = nn.Parameter(torch.empty(rows * columns, 1, width))
    else:
        module.pe_row = nn.Parameter(torch.empty(rows, width))
        module.pe_col = nn.Parameter(torch.empty(columns, width))
    module.global_encoder = Layers(config, width)


def encode(module: nn.Module, x):
    _, width, rows, columns = x.shape
    if hasattr(module, "pos_embedding"):
        places = module.pos_embedding.reshape(rows, columns, width)
    else:
        places = module.pe_row[:, None] + module.pe_col[None]
    x = x.permute(0, 2, 3, 1)
    for layer in module.global_encoder.layers:
        x = layer(x, places)
    return x.permute(0, 3, 1, 2)


class Pose(nn.Module):
    """TransPose-H and VTTransPose."""

    def __init__(self, config: dict):
        super().__init__()
        stem, (fine, middle, coarse) = config["stem"], config["stage_channels"]
        wide = 4 * stem
        self.conv1, self.bn1 = conv(3, stem, 3, 2), nn.BatchNorm2d(stem)
        self.conv2, self.bn2 = conv(stem, stem, 3, 2), nn.BatchNorm2d(stem)
        self.layer1 = nn.Sequential(Bottleneck(stem, stem), *(Bottleneck(wide, stem) for _ in range(3)))
        halved = nn.Sequential(unit(wide, middle, 3, 2))
        self.transition1 = nn.ModuleList([unit(wide, fine, 3), halved])
        self.stage2 = nn.Sequential(Stage(config, [fine, middle], 2))
        kept = [nn.Identity(), nn.Identity()]
        self.transition2 = nn.ModuleList([*kept, nn.Sequential(unit(middle, coarse, 3, 2))])
        modules = config["stage3_modules"]
        self.stage3 = nn.Sequential(
            *(Stage(config, [fine, middle, coarse], 3 if m + 1 < modules else 1) for m in range(modules))
        )
        width = config["d_model"]
        self.reduce = conv(fine, width, 1)
        columns, rows = (side // 4 for side in config["image_size"])
        add_encoder(self, config, rows, columns, width)
        self.final_layer = conv(width, config["joints"], 1, bias=True)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        x = self.layer1(F.relu(self.bn2(self.conv2(x))))
        maps = self.stage2([transition(x) for transition in self.transition1])
        maps = self.stage3([*maps, self.transition2[2](maps[1])])
        return self.final_layer(encode(self, self.reduce(maps[0])))


class ConvNorm(nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int = 1):
        super().__init__()
        self.conv, self.bn = conv(inputs, outputs, 3, stride), nn.BatchNorm2d(outputs)

    def forward(self, x):
        return F.relu(self.bn(self.conv(x)))


class Decoder(nn.Module):
    def __init__(self, config: dict):
        super().__init__()
        width = config["decoder"]
        self.lateral = nn.ModuleList(conv(c, width, 1, bias=True) for c in config["channels"])
        self.smooth = nn.ModuleList(ConvNorm(width, width) for _ in range(2))


class SmallPose(nn.Module):
    """The small network of the family."""

    def __init__(self, config: dict):
        super().__init__()
        self.stem = ConvNorm(3, config["stem"], 2)
        inputs, stages = config["stem"], []
        for channels, blocks in zip(config["channels"], config["blocks"]):
            rest = (Basic(channels, channels) for _ in range(blocks - 1))
            stages.append(nn.Sequential(Basic(inputs, channels, 2), *rest))
            inputs = channels
        self.stages = nn.ModuleList(stages)
        columns, rows = (side // 16 for side in config["image_size"])
        add_encoder(self, config, rows, columns, inputs)
        self.decoder = Decoder(config)
        self.final_layer = conv(config["decoder"], config["joints"], 1, bias=True)

    def forward(self, x):
        x, maps = self.stem(x), []
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        maps[2] = encode(self, x)
        sum_ = self.decoder.lateral[2](maps[2])
        for place in (1, 0):
            below = F.interpolate(sum_, scale_factor=2, mode="nearest")
            sum_ = self.decoder.smooth[place](self.decoder.lateral[place](maps[place]) + below)
        return self.final_layer(sum_)


def build(config: dict) -> nn.Module:
    return (SmallPose if config["model"] == "vttranspose_small" else Pose)(config).eval()


def fold(model: nn.Module) -> None:
    """Folds batch norms into the convolutions before them; channels innermost."""
    for module in model.modules():
        if isinstance(module, nn.Sequential):
            pairs = [("0", "1")] if len(module) > 1 and isinstance(module[1], nn.BatchNorm2d) else []
        else:
            pairs = [(f"conv{n}", f"bn{n}") for n in ("", "1", "2", "3")]
        for first, second in pairs:
            if hasattr(module, first) and isinstance(getattr(module, second, None), nn.BatchNorm2d):
                folded = fuse_conv_bn_eval(getattr(module, first), getattr(module, second))
                setattr(module, first, folded)
                setattr(module, second, nn.Identity())
        if isinstance(module, Named) and isinstance(module.bn, nn.BatchNorm2d):
            folded = fuse_conv_bn_eval(module, module.bn)
            module.weight, module.bias, module.bn = folded.weight, folded.bias, nn.Identity()
    model.to(memory_format=torch.channels_last)


def macs(config: dict) -> float:
    """Multiply-adds of the matrix products, convolutions and attention of one picture."""
    from torch.utils.flop_counter import FlopCounterMode

    width, height = config["image_size"]
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        # Newer counters follow gradients of what needs them, which there are none of here.
        build(config).requires_grad_(False)(torch.zeros(1, 3, height, width))
    return counter.get_total_flops() / 2
