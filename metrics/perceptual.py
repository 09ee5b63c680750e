"""LPIPS (Zhang et al., CVPR 2018): how different two pictures look to a network that sees, through the package `lpips`.

The package brings the paper's learned weights of the layers; the network itself is torchvision's, from a file of the user's.
"""

from pathlib import Path

import torch
from torch import Tensor

BACKBONES = {  # name -> torchvision's file
    "alex": "alexnet-owt-7be5be79.pth",
    "vgg": "vgg16-397923af.pth",
    "squeeze": "squeezenet1_1-b8a52dc0.pth",
}
AT_ONCE = 8


def load_lpips(backbone: str, file: Path | None, folder: Path, device: torch.device | str = "cpu"):
    """The LPIPS network on a device. file: the backbone's weights, None: not found; folder: where they belong.

    ValueError says what is missing and where it goes.
    """
    try:
        import lpips
    except ImportError as error:
        raise ValueError(
            f"{backbone}: the package lpips is not installed; run `pip install lpips` in ComfyUI's Python"
        ) from error
    name = BACKBONES[backbone]
    if file is None or not file.is_file():
        raise ValueError(f"{backbone}: {name} is missing; it is torchvision's file of that name, put it into {folder}")
    network = lpips.LPIPS(net=backbone, pnet_rand=True, verbose=False)
    try:
        weights = torch.load(file, map_location="cpu", weights_only=True)
        fill(network.net, weights)
    except Exception as error:  # whatever is wrong with the file
        raise ValueError(
            f"{backbone}: {file.name} is not torchvision's weights ({error}); download it again into {folder}"
        ) from error
    return network.to(device).eval()


def fill(network: torch.nn.Module, weights: dict[str, Tensor]) -> None:
    """Torchvision's "features.3.weight" is "slice2.3.weight" here. KeyError for a layer the file does not have."""
    own = network.state_dict()
    network.load_state_dict({name: weights["features." + name.partition(".")[2]] for name in own})


@torch.no_grad()
def lpips_distance(network, image: Tensor, reference: Tensor) -> Tensor:
    """[B,H,W,3] in 0 ... 1 -> [B], 0: alike."""
    device = next(network.parameters()).device
    parts = []
    for a, b in zip(image[..., :3].split(AT_ONCE), reference[..., :3].split(AT_ONCE), strict=True):
        moved = (x.movedim(-1, 1).to(device, torch.float32) for x in (a, b))
        parts.append(network(*moved, normalize=True).reshape(-1).double().cpu())
    return torch.cat(parts)
