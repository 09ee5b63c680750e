"""Save and Load Attention Maps: what a sampling run recorded, as a .safetensors file that can be read again later."""

import os
from functools import lru_cache
from pathlib import Path

import folder_paths
from comfy_api.latest import io, ui
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as to_bytes

from ..guidance.find_run import run_of
from ..guidance.run_file import FORMAT, VERSION, from_tensors, to_tensors
from ..guidance.run_record import Recording
from .ask import require_queries
from .types import ATTENTION, Attention, schema

SAVE, LOAD = "Save Attention Maps", "Load Attention Maps"
READ = ("1", VERSION)


def read(path: str) -> Recording:
    """The capture in a file. ValueError, with what to do, if it is of another layout."""
    name = Path(path).name
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {key: file.get_tensor(key) for key in file.keys()} if metadata.get("format") == FORMAT else {}
    except (SafetensorError, OSError) as error:
        raise ValueError(f"{LOAD}, file: {name} is no .safetensors file ({error})") from None
    if metadata.get("format") != FORMAT:
        raise ValueError(f"{LOAD}, file: {name} holds no attention maps; choose a file that {SAVE} wrote")
    if metadata.get("version") not in READ:
        raise ValueError(
            f"{LOAD}, file: {name} is of version {metadata.get('version')} of the format, and this pack reads versions "
            f"{' and '.join(READ)}; update the pack, or record the maps anew"
        )
    try:
        return from_tensors(tensors, metadata)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{LOAD}, file: {name} is incomplete ({error!r}); record the maps anew") from None


def kept_files() -> list[str]:
    """Files with maps as the host names them: of the output folder, the newest first, then those lying in the input folder."""
    output, given = (Path(f()) for f in (folder_paths.get_output_directory, folder_paths.get_input_directory))
    found = [(f.stat().st_mtime, f) for f in output.rglob("*.safetensors") if holds_maps(f)]
    made = [f"{f.relative_to(output).as_posix()} [output]" for _, f in sorted(found, reverse=True)]
    return made + sorted(f.name for f in given.glob("*.safetensors") if holds_maps(f))


def holds_maps(file: Path) -> bool:
    """Whether a file is one of ours, of whatever version; a look at its header."""
    return _holds_maps(file, file.stat().st_mtime)


@lru_cache(4096)
def _holds_maps(file: Path, changed: float) -> bool:
    try:
        with safe_open(str(file), framework="pt") as opened:
            return (opened.metadata() or {}).get("format") == FORMAT
    except (SafetensorError, OSError):
        return False


class FairAttentionSave(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="FairAttentionSave",
            display_name="Save Attention Maps",
            category=ATTENTION,
            search_aliases=["export", "safetensors", "heat maps", "attention map"],
            description="Writes the recorded maps, the latent they belong to and the people found into a .safetensors file "
            "in the output folder.",
            inputs=[
                Attention.Input("attention", tooltip="From a capture node or Fair Inference."),
                io.Latent.Input("latent", tooltip="The latent sampled with it."),
                io.String.Input("filename_prefix", default="attention/FairAttention", tooltip="Folder and beginning of the file's name."),
                io.Boolean.Input("with_queries", default=False, optional=True,
                                 tooltip="Also what Capture Cross-Attention has kept by keep_queries, as many megabytes: then Ask for Words finds any "
                                 "word in the saved maps too."),
            ],
            is_output_node=True,
        )  # fmt: skip

    @classmethod
    def execute(cls, attention, latent, filename_prefix="attention/FairAttention", with_queries=False) -> io.NodeOutput:
        run = run_of(attention, latent, SAVE)
        if with_queries:
            require_queries(run, f"{SAVE}, with_queries")
        tensors, metadata = to_tensors(run, attention.watch, with_queries)
        folder, name, counter, subfolder, _ = folder_paths.get_save_image_path(
            filename_prefix, folder_paths.get_output_directory()
        )
        file = f"{name}_{counter:05}_.safetensors"
        Path(folder, file).write_bytes(to_bytes(tensors, metadata))  # safetensors' own files are for their owner alone
        size = sum(t.numel() * t.element_size() for t in tensors.values())
        return io.NodeOutput(ui=ui.PreviewText(f"{os.path.join(subfolder, file)}: {size / 1024:.0f} KiB"))


class FairAttentionLoad(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="FairAttentionLoad",
            display_name="Load Attention Maps",
            category=ATTENTION,
            search_aliases=["import", "safetensors", "heat maps", "attention map"],
            description="Reads maps that Save Attention Maps wrote, and the latent they belong to: nothing is sampled again.",
            inputs=[
                io.Combo.Input("file", options=kept_files(), tooltip="A file that was saved, the newest first (press R after saving "
                               "another), or one that lies in the input folder."),
            ],
            outputs=[
                Attention.Output(display_name="attention", tooltip="As it was saved."),
                io.Latent.Output(display_name="latent", tooltip="The latent it belongs to: connect it beside, or decode it."),
            ],
        )  # fmt: skip

    @classmethod
    def validate_inputs(cls, file) -> bool | str:
        if file is None:  # a wire will bring it
            return True
        where = "output" if file.endswith("[output]") else "input"
        return folder_paths.exists_annotated_filepath(file) or (
            f"{LOAD}, file: {file} is not in the {where} folder; choose another from the list (press R to read it anew)"
        )

    @classmethod
    def fingerprint_inputs(cls, file) -> float:
        if file is None:  # what a wire brings is not known yet, and read every time
            return float("nan")
        return os.path.getmtime(folder_paths.get_annotated_filepath(file))

    @classmethod
    def execute(cls, file) -> io.NodeOutput:
        capture = read(folder_paths.get_annotated_filepath(file))
        return io.NodeOutput(capture, {"samples": capture.runs[-1].result.clone()})


NODES = [FairAttentionSave, FairAttentionLoad]
