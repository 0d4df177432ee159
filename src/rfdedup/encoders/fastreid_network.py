"""fast-reid's ResNet-IBN and embedding head in plain torch. Names of modules are those of its checkpoints.

After JDAI-CV/fast-reid, ``modeling/backbones/resnet.py`` and ``modeling/heads/embedding_head.py`` (Apache-2.0); the
backbone is IBN-Net-a (Pan et al., ECCV 2018): instance normalisation of half of the channels in layers 1 to 3.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rfdedup.encoders.fastreid_config import FastReidConfig

DIM = 2048
BLOCKS = {"50x": (3, 4, 6, 3), "101x": (3, 4, 23, 3)}
GEM_EPS = 1e-6


class IBN(nn.Module):
    """Instance normalisation of the first half of the channels, batch normalisation of the second."""

    def __init__(self, planes: int) -> None:
        super().__init__()
        instance = planes // 2
        self.IN = nn.InstanceNorm2d(instance, affine=True)
        self.BN = nn.BatchNorm2d(planes - instance)

    def forward(self, x: Tensor) -> Tensor:
        first, second = torch.split(x, [self.IN.num_features, self.BN.num_features], 1)
        return torch.cat((self.IN(first.contiguous()), self.BN(second.contiguous())), 1)


class Bottleneck(nn.Module):
    def __init__(self, inplanes: int, planes: int, stride: int, *, ibn: bool, downsample: bool) -> None:
        super().__init__()
        outplanes = planes * 4
        self.conv1 = nn.Conv2d(inplanes, planes, 1, bias=False)
        self.bn1 = IBN(planes) if ibn else nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.conv3 = nn.Conv2d(planes, outplanes, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outplanes)
        self.relu = nn.ReLU()
        self.downsample = (
            nn.Sequential(nn.Conv2d(inplanes, outplanes, 1, stride, bias=False), nn.BatchNorm2d(outplanes))
            if downsample
            else None
        )

    def forward(self, x: Tensor) -> Tensor:
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        return self.relu(y + (x if self.downsample is None else self.downsample(x)))  # type: ignore[no-any-return]


class Backbone(nn.Module):
    def __init__(self, depth: str, last_stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU()
        self.maxpool = nn.MaxPool2d(3, 2, ceil_mode=True)
        inplanes = 64
        strides = (1, 2, 2, last_stride)
        for number, (blocks, stride) in enumerate(zip(BLOCKS[depth], strides, strict=True), 1):
            planes = 32 * 2**number
            layer = [
                Bottleneck(
                    inplanes if place == 0 else planes * 4,
                    planes,
                    stride if place == 0 else 1,
                    ibn=number <= 3,
                    downsample=place == 0,
                )
                for place in range(blocks)
            ]
            self.add_module(f"layer{number}", nn.Sequential(*layer))
            inplanes = planes * 4

    def forward(self, x: Tensor) -> Tensor:
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        for number in (1, 2, 3, 4):
            x = getattr(self, f"layer{number}")(x)
        return x


class GeM(nn.Module):
    """Generalised-mean pooling with a stored exponent (Radenovic et al., TPAMI 2018)."""

    def __init__(self) -> None:
        super().__init__()
        self.p = nn.Parameter(torch.full((1,), 3.0))

    def forward(self, x: Tensor) -> Tensor:
        return x.clamp(min=GEM_EPS).pow(self.p).mean((2, 3)).pow(1.0 / self.p)


class AveragePool(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.mean((2, 3))


class Head(nn.Module):
    """Pooling and the BN neck, whose output is the embedding."""

    def __init__(self, pool: str) -> None:
        super().__init__()
        self.pool_layer = GeM() if pool == "gem" else AveragePool()
        self.bottleneck = nn.Sequential(nn.BatchNorm1d(DIM))

    def forward(self, x: Tensor) -> Tensor:
        return self.bottleneck(self.pool_layer(x))  # type: ignore[no-any-return]


class FastReidNetwork(nn.Module):
    """uint8 RGB (n, H, W, 3) -> embeddings (n, 2048). Normalises inside, as fast-reid does, from 0-255."""

    pixel_mean: Tensor
    pixel_std: Tensor

    def __init__(self, config: FastReidConfig) -> None:
        super().__init__()
        self.backbone = Backbone(config.depth, config.last_stride)
        self.heads = Head(config.pool)
        self.register_buffer("pixel_mean", torch.tensor(config.pixel_mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("pixel_std", torch.tensor(config.pixel_std).view(1, 3, 1, 1), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        x = images.permute(0, 3, 1, 2).to(self.pixel_mean.dtype)
        x = (x - self.pixel_mean) / self.pixel_std
        return self.heads(self.backbone(x))  # type: ignore[no-any-return]
