"""Small files of the instruments' formats, written from a curve that is known."""

from __future__ import annotations

import numpy as np
import pytest

PEAK, STEP = 25.4137, 0.002  # deg: omega of the substrate, step of a scan


def counts_at(omega, *, layer=-0.12, time=1.0, seed=0, noise=True):
    """Counts around a substrate peak of 36 arcsec, the layer at lower omega (higher dth)."""
    away = np.asarray(omega) - PEAK
    rate = 4e4 * np.exp(-4 * np.log(2) * (away / 0.01) ** 2) + 900 * np.exp(-(((away - layer) / 0.05) ** 2)) + 12
    return np.random.default_rng(seed).poisson(rate * time).astype(float) if noise else rate * time


OMEGA = np.round(np.arange(25.16, 25.4601, STEP), 6)


def numbers(values):
    return " ".join(repr(float(v)) for v in np.atleast_1d(values))


def xrdml_scan(
    omega=OMEGA,
    counts=None,
    *,
    tag="counts",
    unit="counts",
    time=1.0,
    factors=None,
    axes=None,
    scan_axis="Omega",
    status="Completed",
    fixed=None,
    listed=False,
):
    """One <scan>; ``axes``: name -> positions of what moves, by default Omega."""
    counts = counts_at(omega, time=np.atleast_1d(time)[0]) if counts is None else counts
    lines = [f'<scan appendNumber="0" mode="Continuous" scanAxis="{scan_axis}" status="{status}">']
    lines += ["<header><startTimeStamp>2024-02-03T10:11:12+01:00</startTimeStamp></header>"]
    lines += ["<reflection><material>GGG</material><hkl><h>4</h><k>4</k><l>4</l></hkl></reflection>", "<dataPoints>"]
    for name, at in ({"Omega": omega} if axes is None else axes).items():
        ends = f"<startPosition>{numbers(at[0])}</startPosition><endPosition>{numbers(at[-1])}</endPosition>"
        inner = f"<listPositions>{numbers(at)}</listPositions>" if listed else ends
        lines.append(f'<positions axis="{name}" unit="deg">{inner}</positions>')
    for name, at in ({"2Theta": 2 * PEAK, "Phi": 0.0} if fixed is None else fixed).items():
        lines.append(f'<positions axis="{name}" unit="deg"><commonPosition>{at!r}</commonPosition></positions>')
    if np.ndim(time):
        lines.append(f'<countingTimes unit="seconds">{numbers(time)}</countingTimes>')
    elif time is not None:
        lines.append(f'<commonCountingTime unit="seconds">{time!r}</commonCountingTime>')
    if factors is not None:
        lines.append(f"<beamAttenuationFactors>{numbers(factors)}</beamAttenuationFactors>")
    lines += [f'<{tag} unit="{unit}">{numbers(counts)}</{tag}>', "</dataPoints>", "</scan>"]
    return "\n".join(lines)


def xrdml_file(*scans, version="2.1", wavelength=1.540598, intended="K-Alpha 1"):
    """A file of these scans."""
    return "\n".join(
        [
            '<?xml version="1.0" encoding="UTF-8"?>',
            f'<xrdMeasurements xmlns="http://www.xrdml.com/XRDMeasurement/{version}" status="Completed">',
            '<sample type="To be analyzed"><id>GGG-7</id><name>N+ 90 keV</name></sample>',
            '<xrdMeasurement measurementType="Scan" status="Completed">',
            f'<usedWavelength intended="{intended}"><kAlpha1 unit="Angstrom">{wavelength}</kAlpha1></usedWavelength>',
            "<incidentBeamPath><xRayTube><anodeMaterial>Cu</anodeMaterial></xRayTube></incidentBeamPath>",
            *(scans or (xrdml_scan(),)),
            "</xrdMeasurement>",
            "</xrdMeasurements>",
        ]
    ).encode()


def ras_scan(x=OMEGA, counts=None, *, axis=("Omega", "Omega"), factors=None, end=True, **header):
    """Header and data of one scan; keyword arguments change or (None) remove keys of the header."""
    counts = counts_at(x, time=3.0) if counts is None else counts
    keys = {
        "FILE_SAMPLE": "GGG-7",
        "HW_XG_TARGET_NAME": "Cu",
        "HW_XG_WAVE_LENGTH_ALPHA1": "1.540593",
        "MEAS_COND_AXIS_NAME_INTERNAL-0": "TwoTheta",
        "MEAS_COND_AXIS_NAME_INTERNAL-1": "Omega",
        "MEAS_COND_AXIS_NAME_INTERNAL-2": "Phi",
        "MEAS_COND_AXIS_POSITION-0": f"{2 * PEAK:.4f}",
        "MEAS_COND_AXIS_POSITION-1": f"{x[0]:.4f}",
        "MEAS_COND_AXIS_POSITION-2": "0.0",
        "MEAS_DATA_COUNT": f"{len(x)}.0000000000",
        "MEAS_SCAN_AXIS_X": axis[0],
        "MEAS_SCAN_AXIS_X_INTERNAL": axis[1],
        "MEAS_SCAN_MODE": "CONTINUOUS",
        "MEAS_SCAN_SPEED": "0.04",
        "MEAS_SCAN_SPEED_UNIT": "deg/min",
        "MEAS_SCAN_START_TIME": "02/03/24 10:11:12",
        "MEAS_SCAN_STEP": f"{STEP}",
        "MEAS_SCAN_UNIT_X": "deg",
        "MEAS_SCAN_UNIT_Y": "counts",
    } | header
    factors = np.ones(len(x)) if factors is None else factors
    rows = [f"{a:.6f} {b:.4f} {f:.4f}" for a, b, f in zip(x, counts, factors, strict=True)]
    head = [f'*{key} "{value}"' for key, value in keys.items() if value is not None]
    data = ["*RAS_INT_START", *rows, *(["*RAS_INT_END"] if end else [])]
    return "\n".join(["*RAS_HEADER_START", *head, "*RAS_HEADER_END", *data])


def ras_file(*scans, encoding="cp932"):
    """A file of these scans."""
    name = '*HW_ATTACHMENT_NAME "χφ標準|Chi phi"' if encoding == "cp932" else '*HW_ATTACHMENT_NAME "Chi phi"'
    text = "\n".join(["*RAS_DATA_START", name, *(scans or (ras_scan(),)), "*RAS_DATA_END", ""])
    return text.replace("\n", "\r\n").encode(encoding)


class Files:
    """The writers above, for the tests of all modules."""

    PEAK, STEP, OMEGA = PEAK, STEP, OMEGA
    counts_at = staticmethod(counts_at)
    xrdml_scan, xrdml_file = staticmethod(xrdml_scan), staticmethod(xrdml_file)
    ras_scan, ras_file = staticmethod(ras_scan), staticmethod(ras_file)


@pytest.fixture(scope="session")
def files():
    return Files


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("instrument")
