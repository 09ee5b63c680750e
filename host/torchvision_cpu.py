"""Lets a CUDA build of torchvision be imported beside a CPU build of torch. Copied into `.venv` by setup.py.

torchvision registers fake kernels of `nms` and `qnms` even when its compiled operators cannot load, and fails
because the operators do not exist. ComfyUI needs `torchvision.transforms` only, so it is enough to declare them.
"""

import importlib.abc
import sys


class DeclareOperators(importlib.abc.MetaPathFinder):
    """Finds nothing; on the first look for torchvision, declares what its import expects."""

    def find_spec(self, name, path=None, target=None):
        if name == "torchvision":
            sys.meta_path.remove(self)
            import torch

            library = torch.library.Library("torchvision", "FRAGMENT")
            for operator in ("nms", "qnms"):
                library.define(operator + "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
            torch.torchvision_operators = library  # the declarations live as long as this object
        return None


sys.meta_path.insert(0, DeclareOperators())
