"""A PyTorch network to a bundle: train, export with torch.onnx, verify, pack."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn

import edgesmith
from edgesmith_runtime.manifest import Step


def trained(images: torch.Tensor, digits: torch.Tensor) -> nn.Module:
    """A small convolutional network after 15 epochs, in inference mode."""
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(16 * 4 * 4, 10),
    )
    optimizer = torch.optim.Adam(network.parameters(), lr=3e-3)
    for _ in range(15):
        for rows in torch.randperm(len(images)).split(64):
            loss = nn.functional.cross_entropy(network(images[rows]), digits[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return network.eval()


def main(out: Path) -> edgesmith.BuildResult:
    """Leave ``digits.onnx`` and ``digits.edge`` in a folder."""
    images, digits = load_digits(return_X_y=True)
    x_train, x_test, y_train, y_test = train_test_split(
        images.reshape(-1, 1, 8, 8).astype(np.float32), digits, random_state=0, stratify=digits
    )
    network = trained(torch.from_numpy(x_train / 16), torch.from_numpy(y_train))

    out.mkdir(parents=True, exist_ok=True)
    torch.onnx.export(
        network,
        (torch.from_numpy(x_test[:2]),),
        out / "digits.onnx",
        input_names=["pixels"],
        output_names=["logits"],
        dynamic_shapes=({0: torch.export.Dim("batch")},),
        opset_version=18,
        external_data=False,
        verbose=False,
    )

    return edgesmith.export(
        out / "digits.onnx",
        out / "digits.edge",
        samples=x_test,
        expected=y_test,
        class_names=[str(digit) for digit in range(10)],
        transform=[
            Step(
                op="tensor",
                inputs=("image",),
                outputs=("levels",),
                params={"dtype": "float32", "shape": [1, 8, 8]},
            ),
            Step(
                op="scale",
                inputs=("levels",),
                outputs=("pixels",),
                params={"offset": [0.0], "scale": [16.0]},
            ),
        ],
    )


if __name__ == "__main__":
    result = main(Path(sys.argv[1] if len(sys.argv) > 1 else "out"))
    print(result.bundle, result.summary.candidates[0].score)
