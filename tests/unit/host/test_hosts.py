"""Which host is chosen, and what is accepted as one."""

import hashlib
import io
import tarfile
import zipfile

import pytest

from fair_attention.host import hosts


def test_unknown_host_is_refused_with_the_known_ones(monkeypatch):
    monkeypatch.setenv("HOST", "0.1.0")
    with pytest.raises(hosts.SetupError, match=r"HOST=0\.1\.0: unknown\. Known: 0\.30\.0, 0\.3\.75"):
        hosts.version()


def test_own_comfyui_is_used_and_checked(monkeypatch, tmp_path):
    monkeypatch.setenv("COMFYUI_PATH", str(tmp_path))
    with pytest.raises(hosts.SetupError, match="check COMFYUI_PATH"):
        hosts.tree()
    (tmp_path / "main.py").touch()
    assert hosts.tree() == tmp_path and hosts.frontend() is None


def test_only_the_old_host_brings_its_front_end(monkeypatch, tmp_path):
    monkeypatch.delenv("COMFYUI_PATH", raising=False)
    monkeypatch.setenv("FAIR_ATTENTION_CACHE", str(tmp_path))
    monkeypatch.setenv("HOST", "0.3.75")
    assert hosts.frontend() == tmp_path / "frontend-1.32.9"
    monkeypatch.setenv("HOST", "0.30.0")
    assert hosts.frontend() is None


def test_changed_file_is_refused(tmp_path):
    file = tmp_path / "host.whl"
    file.write_bytes(b"host")
    hosts.check(file, hashlib.sha256(b"host").hexdigest())
    with pytest.raises(hosts.SetupError, match=r"host\.whl is not the file that was tested"):
        hosts.check(file, hashlib.sha256(b"other").hexdigest())


@pytest.mark.parametrize("kind", ["whl", "tar.gz"])
def test_only_the_wanted_folder_is_unpacked(tmp_path, kind):
    contents = {"outer/setup.py": b"0", "outer/tree/main.py": b"1", "outer/tree/comfy/ops.py": b"2"}
    file = archive(tmp_path / f"host.{kind}", {**contents, f"outer/tree/{hosts.UNWANTED}": b"3"})
    hosts.unpack(file, "outer/tree/", tmp_path / "tree")
    found = {str(p.relative_to(tmp_path / "tree")): p.read_bytes() for p in (tmp_path / "tree").rglob("*.*")}
    assert found == {"main.py": b"1", "comfy/ops.py": b"2"}
    with pytest.raises(hosts.SetupError, match="holds no elsewhere/"):
        hosts.unpack(file, "elsewhere/", tmp_path / "other")


def archive(file, contents):
    """A wheel or a source distribution with these files."""
    if file.suffix == ".whl":
        with zipfile.ZipFile(file, "w") as wheel:
            for name, content in contents.items():
                wheel.writestr(name, content)
    else:
        with tarfile.open(file, "w:gz") as source:
            for name, content in contents.items():
                member = tarfile.TarInfo(name)
                member.size = len(content)
                source.addfile(member, io.BytesIO(content))
    return file


def test_without_git_the_pack_s_commit_is_unknown(monkeypatch, tmp_path):
    assert hosts.pack_version().count(".") == 2
    monkeypatch.setenv("PATH", str(tmp_path))
    assert hosts.pack_commit() is None
