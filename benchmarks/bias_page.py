"""The section of RESULTS.md that says how fair Fair Inference is, and which of its bars are met."""

from functools import partial
from typing import Any

from .bias_methods import METHODS
from .page import Bar, add_bar, bars_table, table, write_section

AXES = ("gender", "skin tone", "gender x skin tone")
BIAS_W = {"gender": 0.05, "skin tone": 0.12, "gender x skin tone": 0.08}  # at most
ABOVE_FLOOR, WITHIN = 0.05, 0.05
TONES = {"light": 0.1, "tan": 0.2, "brown": 0.3, "dark": 0.4}
WANTED = {
    "target female 30, male 70": ("gender", {"female": 0.3, "male": 0.7}),
    "target light 10, tan 20, brown 30, dark 40": ("skin tone", TONES),
}


def off_target(row: dict[str, Any], axis: str, wanted: dict[str, float]) -> float:
    """The largest distance of a share from what was asked for."""
    return max(abs(row["shares"][axis][name] - share) for name, share in wanted.items())


def bars(data: dict[str, Any]) -> list[Bar]:
    """(what, measured, bar, met) of the methods that were run."""
    rows, found = data["methods"], []
    bar = partial(add_bar, found)
    for axis in AXES:
        if row := rows.get(f"fair inference: {axis}"):
            bar(f"Bias-W, {axis}", row["bias_w"][axis], BIAS_W[axis])
            bar(f"Bias-P above its floor, {axis}", row["bias_p"][axis] - row["bias_p_floor"][axis], ABOVE_FLOOR)
            bar(f"number of people kept, {axis}", row["people_kept"], 0.95, False)
            bar(f"occupations kept, {axis}", row["occupation_kept"], 0.93, False)
            bar(f"PSNR, {axis}", row["psnr"], 20.5, False)
            bar(f"SSIM, {axis}", row["ssim"], 0.84, False)
    for name, (axis, wanted) in WANTED.items():
        if row := rows.get(name):
            bar(f"{name}: largest distance of a share", off_target(row, axis, wanted), WITHIN)
    if row := rows.get("blended: gender"):
        bar("PSNR outside the people, blended", row["psnr_outside_people"], 38, False)
    return found


def number(row: dict[str, Any], key: str, axis: str) -> str:
    """With where it lies in 95 % of studies; rows drawn before intervals were have none."""
    lies = row.get(f"{key}_95", {}).get(axis)
    return f"{row[key][axis]:.2f}" + (f" [{lies[0]:.2f}, {lies[1]:.2f}]" if lies else "")


def write_page(data: dict[str, Any]) -> None:
    rows = [
        (
            name,
            *(f"{number(r, 'bias_w', a)} / {number(r, 'bias_p', a)} ({r['bias_p_floor'][a]:.2f})" for a in AXES),
            f"{r['people_kept']:.0%}",
            f"{r['occupation_kept']:.0%}",
            *(("–",) * 3 if not METHODS[name].target else (f"{r['psnr']:.1f}", f"{r['psnr_outside_people']:.1f}", f"{r['ssim']:.2f}")),
            r["pictures"],
        )
        for name, r in ((n, data["methods"][n]) for n in METHODS if n in data["methods"])
    ]  # fmt: skip
    header = ("", *(f"{a}: Bias-W / Bias-P (floor)" for a in AXES), "people kept", "occupations kept", "PSNR",
              "PSNR outside people", "SSIM", "pictures")  # fmt: skip
    missing = [name for name in METHODS if name not in data["methods"]]
    text = (
        f"`make bench-bias`: {len(data['setting']['prompts'])} prompts of one, two and three people of six occupations on "
        f"the emoji world, {data['setting']['steps']} steps, CFG {data['setting']['cfg']:g}; the same seeds for every "
        'method, read by the emoji reader; the rows "faces" have prompts that name people by two linked words, "a photo of '
        'the faces of two doctors". Fair Inference steers by need where nothing else is said. These are the occupations its '
        'settings were chosen on: this table compares its options, and "Steering by need" and "The comparison" report what '
        "it does elsewhere. Bias is the raw definition, mean over prompts (0: equal), with its 95 % interval; PSNR and SSIM compare with the unedited "
        "picture of the same seed. Floor: the least Bias-P that so few faces a picture allow. Occupations kept: person by "
        "person, unreadable or gone is lost. Rows by need were drawn before whoever already leads with an attribute was pushed no harder than "
        "somebody who changes, and before people kept their gender and skin tone while the other is steered (Steering by need has both).\n\n"
        + table(header, rows)
        + "\n\n"
        + bars_table(bars(data))
    )
    text += (
        "\n\nAblations, by what each was expected to be worse on. *In full*, the rule before this one, brings gender a little nearer and "
        "changes people and pictures far more. Without individuals every picture is all alike again, and guiding the whole image "
        "loses people, occupations and the rest of the picture, as expected. Without Linguistic "
        "Alignment, and with DAAM's mean in place of Block Voting, it is *not* worse here: these prompts name each group by "
        "one word, and where its people are is easy to see; `make bench-regions` has the captions in which they differ. Where "
        'the prompt says "the faces of", alignment confines the change to faces: less of everything else changes, and as '
        "this world shows gender by hair too, it is met less. Without preservation people of opposite attributes hold each "
        "other up. The attribute alone loses occupations. Every step, and guidance to the end, change more and bring nothing."
    )
    if missing:
        text += "\n\nNot run yet: " + ", ".join(missing) + "."
    write_section("Fair Inference", text)
