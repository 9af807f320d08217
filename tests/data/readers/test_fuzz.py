"""Whatever happened to a file: a curve, or one error of one kind."""

from __future__ import annotations

import gzip
import re

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xrdlib import load_curve
from xrdlib.data.readers import CurveFormatError

ODD = [b"nan", b"1e999", b"-1", b"0", b"", b"x", b"1e308", b"5e-324", b"25.4", b"\xff", b"<", b"\0", b"&a;"]
KINDS = ["flip", "cut", "delete", "double", "number", "tag", "swap"]


def mutated(content: bytes, kind: str, where: float, length: int, odd: bytes) -> bytes:
    """One change at a relative position."""
    i = int(where * len(content))
    if kind == "flip":
        return content[:i] + bytes([content[i] ^ (1 + length % 255)]) + content[i + 1 :]
    if kind == "cut":
        return content[:i]
    if kind == "delete":
        return content[:i] + content[i + length :]
    if kind == "double":
        return content[: i + length] + content[i:]
    if kind == "swap":
        j = (i + 7 * length) % len(content)
        a, b = sorted((i, j))
        return content[:a] + content[b : b + length] + content[a + length : b] + content[a:][:length] + content[b:]
    pattern = rb"[0-9]+\.?[0-9]*" if kind == "number" else rb"</?[A-Za-z][^>]*>|\*[A-Z_0-9-]+"
    found = list(re.finditer(pattern, content)) or [None]
    hit = found[int(where * len(found))]
    return content if hit is None else content[: hit.start()] + odd + content[hit.end() :]


changes = st.tuples(
    st.sampled_from(KINDS),
    st.floats(0, 1, exclude_max=True),
    st.integers(1, 400),
    st.sampled_from(ODD),
)


def originals(files) -> dict[str, bytes]:
    """A valid file of every format."""
    omega, counts = files.OMEGA, files.counts_at(files.OMEGA)
    factors = np.where(counts > 2e4, 10.0, 1.0)
    text = "".join(f"{a:.3f}\t{i:.0f}\n" for a, i in zip((files.PEAK - omega) * 3600, counts, strict=True))
    two = (files.xrdml_scan(omega[:90], counts[:90]), files.xrdml_scan(omega[80:], counts[80:], time=2.0))
    ranges = (files.ras_scan(omega[:90], counts[:90]), files.ras_scan(omega[89:], counts[89:]))
    made = {
        "text": b"# angle intensity\n" + text.encode(),
        "xrdml": files.xrdml_file(files.xrdml_scan(factors=factors, time=np.ones(151), listed=True)),
        "ranges.xrdml": files.xrdml_file(*two),
        "ras": files.ras_file(files.ras_scan(factors=factors)),
        "ranges.ras": files.ras_file(*ranges),
    }
    return made | {f"{name}.gz": gzip.compress(made[name], mtime=0) for name in ("text", "xrdml", "ras")}


def check(path, **arguments) -> bool:
    """Read it; True where that gave a curve."""
    try:
        curve = load_curve(path, **arguments)
    except CurveFormatError as error:
        refused = str(error)
    else:
        refused = None
    if refused is not None:
        assert refused.startswith(f"{path}: ")
        assert "\n" not in refused
        return False
    assert np.all(np.diff(curve.angle) > 0)
    assert np.all((curve.intensity >= 0) & np.isfinite(curve.intensity))
    assert np.isfinite(curve.angle).all()
    assert curve.angle.shape == curve.intensity.shape
    assert curve.angle.size >= 50
    assert curve.metadata["inferred"]
    return True


@pytest.fixture(scope="module")
def valid(files):
    return originals(files)


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    name=st.sampled_from(["text", "xrdml", "ranges.xrdml", "ras", "ranges.ras", "text.gz", "xrdml.gz", "ras.gz"]),
    some=st.lists(changes, min_size=1, max_size=4),
    inside=st.booleans(),
    scan=st.sampled_from([None, None, 1, 2]),
)
def test_a_damaged_file_gives_a_curve_or_the_one_error(folder, valid, name, some, inside, scan):
    content = valid[name]
    packed = name.endswith(".gz") and inside
    content = gzip.decompress(content) if packed else content
    for change in some:
        content = mutated(content, *change) or b"\n"
    (folder / "any").write_bytes(gzip.compress(content) if packed else content)
    check(folder / "any", scan=scan)


def test_the_undamaged_files_are_curves(folder, valid):
    for name, content in valid.items():
        (folder / "any").write_bytes(content)
        assert check(folder / "any"), name
