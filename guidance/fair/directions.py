"""Fair Inference's direction maths: SEGA's semantic guidance, confined to one person's mask at a time.

LAG's own formulas are not public; this is our re-design from SEGA (semantic guidance, whole image), Fair Diffusion
(opposed pairs of attributes) and LEDITS++ (SEGA inside an attention mask). All directions are differences of
*denoised* predictions (see `parametrization`): with d_eps SEGA's direction, ours is d = -sigma * d_eps, so it is added to the
denoised prediction where SEGA adds d_eps to eps.

Shapes: predictions and directions [B,C,h,w], masks [B,n,h,w] with values 0 ... 1, one per person; an image with fewer
people than n has empty masks at the end. No function mixes the images of a batch.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from ...attention.maps import gaussian_kernel
from ..frames import over
from ..parametrization import full_precision

OPPOSED = 4  # the largest set of attributes that are opposed to each other


def opposition(attributes: int) -> float:
    """eta, the share of the other attributes' mean direction that is subtracted: 1 for a set of up to four, else 0.

    Two are Fair Diffusion's pair, "towards one, away from the other"; up to four the direction is D_a - mean D_a' as well.
    Without it an attribute that lies between others (tan between light and brown) is drawn as its neighbour. It needs
    the predictions of all of them, also of those nobody in the picture is given: above four, as when two sets are
    crossed, too dear. Our decision.
    """
    return 1.0 if attributes <= OPPOSED else 0.0


def edit_direction(attribute: Tensor, others: Sequence[Tensor], base: Tensor, scale: float, eta: float) -> Tensor:
    """d = s_e [ (D_a - D_base) - eta * mean_{a' != a} (D_a' - D_base) ]     [B,C,h,w]

    attribute: D_a, denoised with the attribute's prompt. others: D_a' of the other attributes (unused if eta is 0).
    base: the unconditional prediction for an attribute prompt used alone ("female person"); the conditional one for
    the user's prompt with the attribute inserted. scale: s_e (Fair Diffusion: 4; inserted: 7.5).
    In eps form: d = -sigma * s_e [ (eps_a - eps_base) - eta * mean(eps_a' - eps_base) ].
    """
    direction = attribute - base
    if eta and others:
        direction = direction - eta * (torch.stack(tuple(others)).mean(0) - base)
    return scale * direction


def in_mask_quantile(d: Tensor, mask: Tensor, q: float) -> Tensor:
    """The q-quantile of |d| inside a mask, per sample and channel.   d [B,C,h,w], mask [B,h,w] -> [B,C,1,1]

    Pixels weigh what the mask gives them: the result is the smallest |d| that has at least the share q of the mask's
    weight strictly before it in order of size, so |d| >= result keeps the share 1 - q (the largest value always).
    SEGA takes the quantile (0.95) over the whole latent; a face on 5 % of it at q = 0.5 keeps as much per face.
    """
    size = full_precision(d).abs().flatten(2)
    weight = mask.flatten(1).to(size).unsqueeze(1).expand_as(size)
    ordered, index = size.sort(-1)
    weight = weight.gather(-1, index)
    before = weight.cumsum(-1) - weight
    wanted = q * weight.sum(-1, keepdim=True) * (1 - 1e-6)  # fp32 sums: half of four equal weights is two, not three
    inside = weight > 0
    candidate = torch.where(inside & (before >= wanted), ordered, ordered.new_tensor(torch.inf)).amin(-1)
    largest = torch.where(inside, ordered, ordered.new_zeros(())).amax(-1)
    return torch.minimum(candidate, largest).to(d.dtype)[..., None, None]


def keep_strongest(d: Tensor, mask: Tensor, q: float) -> Tensor:
    """phi_q(d) = d * 1[ |d| >= q-quantile of |d| inside the mask ].   d [B,C,h,w], mask [B,h,w] -> [B,C,h,w]"""
    return d * (d.abs() >= in_mask_quantile(d, mask, q))


def keep_energy(d: Tensor, mask: Tensor, share: float) -> Tensor:
    """d on the fewest cells, strongest first, that hold `share` of sum_x M(x) d(x)^2; zero elsewhere.

    d [B,C,h,w], mask [B,h,w] with values 0 ... 1 -> [B,C,h,w], per sample and channel. Where a change is a matter of a
    few cells (hair) few are kept, where it is spread (skin) many: unlike a fixed quantile of the cells it fits both.
    share 1 keeps all. Our decision, in place of SEGA's quantile.
    """
    energy = (full_precision(d) ** 2 * full_precision(mask).unsqueeze(1)).flatten(2)
    ordered, index = energy.sort(-1, descending=True)
    before = ordered.cumsum(-1) - ordered
    kept = (before < share * energy.sum(-1, keepdim=True)).to(d.dtype)
    return d * torch.zeros_like(energy, dtype=d.dtype).scatter(-1, index, kept).unflatten(-1, d.shape[-2:])


def combine_individuals(directions: Tensor, masks: Tensor) -> Tensor:
    """gamma = sum_j M_j (.) d_j.   directions [B,n,C,h,w], masks [B,n,h,w] -> [B,C,h,w]; no person: zeros."""
    return (directions * masks.to(directions).unsqueeze(2)).sum(1)


def whole_image(directions: Tensor, masks: Tensor) -> tuple[Tensor, Tensor]:
    """d = mean_j d_j over the people of an image, everywhere: guidance that is not confined to anybody.

    directions [B,n,C,h,w], masks [B,n,h,w] -> one direction an image [B,1,C,h,w] and its mask [B,1,h,w], all ones; all
    zeros where an image has nobody. SEGA's and Fair Diffusion's form, with a mean (not a sum) so that three people pull
    no harder than one; our decision. Opposed attributes inside one image cancel: that is what masks are for.
    """
    present = masks.flatten(2).any(-1).to(directions)  # [B,n]
    share = present / present.sum(1, keepdim=True).clamp_min(1)
    mean = (directions * share[..., None, None, None]).sum(1, keepdim=True)
    anybody = present.amax(1).to(masks)[:, None, None, None]
    return mean, anybody.expand(-1, 1, *masks.shape[-2:])


def blend(edited: Tensor, plain: Tensor, mask: Tensor) -> Tensor:
    """M (.) edited + (1 - M) (.) plain; where M is 0 or 1, bit for bit the one or the other.

    edited, plain [B,C,h,w] or [B,C,1,h,w], mask M [B,h,w]. Blended latents, here of denoised predictions: a sampler whose steps are
    linear in x, the denoised prediction and the noise then keeps x outside the mask on the plain trajectory exactly.
    """
    return torch.lerp(plain, edited, over(mask.to(plain), plain).expand_as(plain))


def momentum(
    gamma: Tensor, velocity: Tensor, union: Tensor | None, scale: float = 0.3, beta: float = 0.6
) -> tuple[Tensor, Tensor]:
    """gamma <- gamma + s_m nu M;   nu <- beta nu + (1 - beta) gamma.   Returns the new (gamma, nu).

    gamma, velocity: [B,C,h,w] in *eps* units (`parametrization.to_eps`): nu outlives the step, and -sigma, the factor
    between the two forms, changes from step to step. velocity is zeros at the start and also runs during warm-up.
    union: M = sum_j M_j [B,h,w], so that what was learnt at a person's place does not leak out of it; None: everywhere.
    SEGA with Fair Diffusion's s_m and beta.
    """
    carried = scale * velocity
    gamma = gamma + (carried if union is None else carried * union.to(gamma).unsqueeze(1))
    return gamma, beta * velocity + (1 - beta) * gamma


def soften_mask(masks: Tensor) -> Tensor:
    """M~_j = clip(Gaussian_{sigma 1}(dilate_{1 px}(M_j)), 0, 1), divided by sum_j M~_j where that exceeds 1.

    masks [B,n,h,w], bool or 0 ... 1, at the size people are found at (the latent's or finer: 1 px is one of theirs)
    -> float [B,n,h,w] with sum_j <= 1. Empty stays empty. The border is repeated, so a person whom the picture's edge
    cuts is guided up to the edge.
    """
    single = masks.float().flatten(0, 1).unsqueeze(1)
    dilated = F.max_pool2d(single, 3, stride=1, padding=1)
    kernel = gaussian_kernel(1.0, 3, dilated).reshape(1, 1, 1, 7)
    padded = F.pad(dilated, (3, 3, 3, 3), mode="replicate")
    blurred = F.conv2d(F.conv2d(padded, kernel), kernel.transpose(2, 3))
    soft = blurred.clamp(0, 1).reshape(masks.shape)
    return soft / soft.sum(1, keepdim=True).clamp_min(1)
