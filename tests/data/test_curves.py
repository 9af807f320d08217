from __future__ import annotations

import gzip
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import xrdlib
from xrdlib.data.curves import CurveFormatError, MeasuredCurve, load_curve

STEP = 4.018235972
FILE_A = "measured/ggg444_implanted_A.txt"


def pseudo_voigt(angle, fwhm, lorentz):
    u = (2 * angle / fwhm) ** 2
    return lorentz / (1 + u) + (1 - lorentz) * np.exp(-np.log(2) * u)


def rocking_curve(angle, *, fwhm=36.0, lorentz=0.2, background=2e-3, layer=0.03, counts=None, seed=0):
    """Substrate peak at 0, a layer around +400 arcsec, a background; with counts, those of its peak."""
    clean = pseudo_voigt(angle, fwhm, lorentz) + layer * np.exp(-(((angle - 400) / 150) ** 2)) + background
    if counts is None:
        return clean
    return np.random.default_rng(seed).poisson(counts * clean).astype(float)


AXIS = STEP * (np.arange(360) - 72.3)


def write(path: Path, *columns, separator=" ", end="\n", decimal="."):
    rows = [separator.join(repr(float(v)).replace(".", decimal) for v in row) for row in zip(*columns, strict=True)]
    path.write_bytes((end.join(rows) + end).encode())
    return path


# --- position of the substrate peak -----------------------------------------------------------------------


def test_a_lone_outlier_is_not_the_peak(tmp_path):
    intensity = rocking_curve(AXIS)
    intensity[250] = 40.0
    curve = load_curve(write(tmp_path / "c.txt", intensity), step=STEP)
    assert curve.metadata["peak_index"] == pytest.approx(72.3, abs=0.1)
    assert any("line 251: 40 is an outlier" in w for w in curve.metadata["warnings"])


@pytest.mark.parametrize(
    ("with_angles", "peak", "index"), [(False, 100, 100), (False, 99.5, 99.5), (True, AXIS[90], 90)]
)
def test_peak_can_be_set_and_is_used_as_it_is(tmp_path, with_angles, peak, index):
    columns = [AXIS, rocking_curve(AXIS)] if with_angles else [rocking_curve(AXIS)]
    path = write(tmp_path / "c.txt", *columns)
    curve = load_curve(path, step=None if with_angles else STEP, peak=peak)
    assert curve.metadata["peak_index"] == pytest.approx(index, abs=1e-9)
    assert curve.metadata["peak_from"] == "argument"
    assert np.interp(0.0, curve.angle, np.arange(360)) == pytest.approx(index, abs=1e-9)


# --- background -------------------------------------------------------------------------------------------


def test_background_still_falling_is_called_an_upper_limit(tmp_path):
    falling = 1 / (1 + (AXIS / 15) ** 2)
    curve = load_curve(write(tmp_path / "c.txt", falling), step=STEP)
    assert any("upper limit" in w for w in curve.metadata["warnings"])


# --- reading: every format gives the same numbers ---------------------------------------------------------

positive = st.floats(1e-8, 1e6)
intensities = st.lists(st.one_of(positive, st.just(0.0)), min_size=50, max_size=60).filter(lambda v: max(v) > min(v))


@st.composite
def text_formats(draw):
    decimal = draw(st.sampled_from([".", ","]))
    separators = [" ", "\t", ";", " ; ", "   ", ";\t"] + ([",", ", "] if decimal == "." else [])
    return {
        "decimal": decimal,
        "separator": draw(st.sampled_from(separators)),
        "number": draw(st.sampled_from(["{!r}", "{:.16E}", "{:+.16e}"])),
        "end": draw(st.sampled_from(["\n", "\r\n", "\r"])),
        "encoding": draw(st.sampled_from(["utf-8", "utf-8-sig", "latin-1", "utf-16"])),
        "mark": draw(st.sampled_from(["#", ";", "%", "!", "//"])),
        "header": draw(st.sampled_from([[], ["Probe: Grün, 20 °C", ""], ["[Data]", "Winkel; Intensität"]])),
        "blank": draw(st.sampled_from(["", " ", "\t"])),
        "arrow": draw(st.sampled_from([" -> ", ": ", " => ", "="])),
        "falling": draw(st.booleans()),
    }


def as_text(columns, fmt, *, index=False):
    rows = list(zip(*columns, strict=True))
    if fmt["falling"]:
        rows.reverse()
    lines = []
    for i, row in enumerate(rows):
        numbers = [fmt["number"].format(float(v)).replace(".", fmt["decimal"]) for v in row]
        lines.append((f"{i + 1}{fmt['arrow']}" if index else "") + fmt["separator"].join(numbers) + fmt["blank"])
    lines.insert(20, f"{fmt['mark']} Pause zum Füllen")
    lines = [
        f"{fmt['mark']} measured in λ/2"[: 14 if fmt["encoding"] == "latin-1" else 99],
        *fmt["header"],
        *lines,
        "",
        "",
    ]
    return fmt["end"].join(lines).encode(fmt["encoding"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("curves")


@given(intensity=intensities, fmt=text_formats(), index=st.booleans())
def test_one_column_in_any_format(folder, intensity, fmt, index):
    path = folder / "one.txt"
    path.write_bytes(as_text([intensity], fmt, index=index))
    curve = load_curve(path, step=STEP, peak=10)
    expected = intensity[::-1] if fmt["falling"] else intensity  # no angles: the file's order is the curve's
    assert curve.intensity.tolist() == expected
    assert curve.angle.tolist() == (STEP * (np.arange(len(intensity)) - 10.0)).tolist()
    assert curve.metadata["format"] == ("index, intensity" if index else "intensity")
    assert curve.metadata["header"] == [line for line in fmt["header"] if line]


@given(
    intensity=intensities,
    fmt=text_formats(),
    start=st.floats(-500, -1),
    step=st.floats(0.5, 20),
    unit=st.sampled_from(["arcsec", "degree", "mrad"]),
)
def test_two_columns_in_any_format(folder, intensity, fmt, start, step, unit):
    path = folder / "two.txt"
    axis = start + step * np.arange(len(intensity))
    path.write_bytes(as_text([axis, intensity], fmt))
    curve = load_curve(path, peak=axis[7], unit=unit)
    assert curve.intensity.tolist() == intensity
    scale = {"arcsec": 1.0, "degree": 3600.0, "mrad": 648 / np.pi}[unit]
    np.testing.assert_allclose(curve.angle, (axis - axis[7]) * scale, rtol=1e-15)
    assert curve.angle[7] == 0
    assert curve.metadata["descending"] == fmt["falling"]
    assert curve.metadata["decimal"] == fmt["decimal"]


@given(intensity=intensities, scale=positive, reverse=st.booleans())
def test_saved_curve_is_read_back_bit_by_bit(folder, intensity, scale, reverse):
    path = folder / "original.txt"
    path.write_bytes("\n".join(repr(v * scale) for v in intensity).encode())
    curve = load_curve(path, step=STEP, reverse=reverse)
    curve.save(folder / "saved.txt")
    again = load_curve(folder / "saved.txt")
    assert again.angle.tobytes() == curve.angle.tobytes()
    assert again.intensity.tobytes() == curve.intensity.tobytes()
    assert again.metadata["source"] == {"xrdlib_version": xrdlib.__version__} | curve.metadata
    assert (again.metadata["format"], again.metadata["peak_from"]) == ("saved", "file")


# --- commas -----------------------------------------------------------------------------------------------


def comma_lines(left, right):
    return "".join(f"{a},{b}\n" for a, b in zip(left, right, strict=True))


def test_integers_with_one_comma_are_two_columns_if_the_first_is_an_axis(tmp_path):
    path = tmp_path / "c.csv"
    counts = rocking_curve(AXIS, counts=5e3).astype(int)
    path.write_text(comma_lines(range(-288, -288 + 4 * 360, 4), counts))
    curve = load_curve(path)
    assert curve.intensity.tolist() == counts.tolist()
    assert (curve.metadata["separator"], curve.metadata["step"]) == (",", 4.0)


def test_one_comma_is_a_decimal_mark_if_the_numbers_before_it_are_no_axis(tmp_path):
    path = tmp_path / "c.csv"
    tenths = rocking_curve(AXIS, counts=5e4).astype(int)
    path.write_text(comma_lines(tenths // 10, tenths % 10))
    curve = load_curve(path, step=STEP)
    np.testing.assert_allclose(curve.intensity, tenths / 10, rtol=1e-15)
    assert curve.metadata["decimal"] == ","


@pytest.mark.parametrize(("argument", "n_columns"), [({"decimal": ","}, 1), ({"separator": ","}, 2)])
def test_undecidable_commas_are_an_error_that_either_argument_resolves(tmp_path, argument, n_columns):
    path = tmp_path / "c.csv"
    left = np.arange(200)[::-1] ** 2  # falls throughout, in unequal steps: an axis, or a peak at the start
    path.write_text(comma_lines(left, [5] * 200))
    with pytest.raises(CurveFormatError, match=r"line 1: '39601,5'.*decimal=','.*separator=','"):
        load_curve(path, step=STEP)
    step = STEP if n_columns == 1 else None
    if n_columns == 2:
        path.write_text(path.read_text().replace(",5\n", ",6\n", 1))  # not all intensities equal
    assert load_curve(path, step=step, **argument).metadata["n_columns"] == n_columns


def test_three_digits_after_every_comma_may_be_thousands(tmp_path):
    path = tmp_path / "c.txt"
    counts = rocking_curve(AXIS, counts=9e5).astype(int)
    path.write_text("".join(f"{x:.0f}\t{c:,}\n" for x, c in zip(range(360), counts, strict=True)))
    with pytest.raises(CurveFormatError, match="thousands"):
        load_curve(path)
    assert load_curve(path, decimal=",").intensity.max() < 1000


def test_a_given_tab_keeps_decimal_commas_apart(tmp_path):
    path = write(tmp_path / "c.txt", AXIS, rocking_curve(AXIS), separator="\t", decimal=",")
    np.testing.assert_array_equal(load_curve(path, separator="\t").intensity, load_curve(path, decimal=",").intensity)


# --- other ways a file can be -----------------------------------------------------------------------------


def test_columns_picks_two_of_many_or_the_intensity(tmp_path):
    intensity = rocking_curve(AXIS)
    path = write(tmp_path / "c.txt", intensity / 7, AXIS, intensity)
    with pytest.raises(CurveFormatError, match=r"3 columns.*columns=\(0, 1\)"):
        load_curve(path)
    both, one = load_curve(path, columns=(1, 2)), load_curve(path, columns=(2,), step=STEP)
    assert both.intensity.tolist() == one.intensity.tolist() == intensity.tolist()
    np.testing.assert_allclose(both.angle, one.angle, atol=1e-6)


@pytest.mark.parametrize("first", [0, 1])
def test_an_index_column_is_no_angle_once_the_step_is_given(tmp_path, first):
    path = write(tmp_path / "c.txt", np.arange(360) + first, rocking_curve(AXIS))
    indexed = load_curve(path, step=STEP)
    assert indexed.metadata["format"] == "index, intensity"
    assert indexed.metadata["step"] == pytest.approx(STEP)
    assert any("index" in w for w in load_curve(path).metadata["warnings"])


def test_skip_leaves_out_numbers_at_the_top(tmp_path):
    intensity = rocking_curve(AXIS)
    path = tmp_path / "c.txt"
    path.write_text("360 1\n2024\n" + "\n".join(map(repr, intensity.tolist())))
    with pytest.raises(CurveFormatError, match=r"line 1: '360 1': columns: 2, but 1 in most.*skip=N"):
        load_curve(path, step=STEP)
    assert load_curve(path, step=STEP, skip=2).intensity.tolist() == intensity.tolist()


@pytest.mark.parametrize("skip", [0, 3])
def test_a_commented_out_number_is_pointed_out_unless_it_comes_before_the_data(tmp_path, skip):
    lines = ["# 4.018"] * 3 + [repr(v) for v in rocking_curve(AXIS).tolist()]
    lines[99] = "# " + lines[99]
    (tmp_path / "c.txt").write_text("\n".join(lines))
    warnings = load_curve(tmp_path / "c.txt", step=STEP, skip=skip).metadata["warnings"]
    assert [w.split(":")[0] for w in warnings] == ["line 100"]


@pytest.mark.parametrize(("separator", "decimal"), [(";", ","), (",", "."), (" ;", ".")])
def test_a_separator_at_the_end_of_the_line_is_no_column(tmp_path, separator, decimal):
    path = write(tmp_path / "c.txt", rocking_curve(AXIS), end=f"{separator}\r\n", decimal=decimal)
    assert load_curve(path, step=STEP).intensity.tolist() == rocking_curve(AXIS).tolist()


def test_inline_comments_fortran_exponents_and_typographic_minus(tmp_path):
    lines = [
        f"{x:.3f}  {v:.16E}".replace("E", "D").replace("-", "\u2212")
        for x, v in zip(AXIS, rocking_curve(AXIS), strict=True)
    ]
    lines[5] += "  # shutter"
    (tmp_path / "c.txt").write_text("\n".join(lines), encoding="utf-8")
    assert load_curve(tmp_path / "c.txt").intensity.tolist() == rocking_curve(AXIS).tolist()


@pytest.mark.parametrize("digits", [1, 3])
def test_rounded_angles_are_uniform(tmp_path, digits):
    curve = load_curve(write(tmp_path / "c.txt", AXIS.round(digits), rocking_curve(AXIS)), step=STEP)
    assert curve.metadata["uniform"]
    assert curve.metadata["step"] == pytest.approx(STEP, rel=1e-3)


def test_uneven_steps_are_recorded(tmp_path):
    axis = np.delete(AXIS, 200)
    curve = load_curve(write(tmp_path / "c.txt", axis, rocking_curve(axis)))
    assert not curve.metadata["uniform"]
    assert curve.metadata["step_max"] == pytest.approx(2 * STEP)
    assert any("not uniform" in w for w in curve.metadata["warnings"])


@pytest.mark.parametrize(("factor", "unit"), [(1 / 3600, "arcsec"), (1.0, "degree")])
def test_a_wrong_unit_is_pointed_out(tmp_path, factor, unit):
    path = write(tmp_path / "c.txt", AXIS * factor, rocking_curve(AXIS))
    assert any("unit" in w for w in load_curve(path, unit=unit).metadata["warnings"])


def test_omega_in_degrees_reversed_is_the_lab_curve(tmp_path):
    intensity = rocking_curve(AXIS, counts=6e4)
    path = write(tmp_path / "c.txt", 25.5 - AXIS / 3600, intensity)
    straight, reversed_ = load_curve(path, unit="degree"), load_curve(path, unit="degree", reverse=True)
    assert any("reverse=True" in w for w in straight.metadata["warnings"])
    assert reversed_.metadata["warnings"] == []
    assert reversed_.intensity.tolist() == intensity.tolist()
    np.testing.assert_allclose(reversed_.angle, AXIS, atol=0.1 * STEP)
    assert np.all(np.diff(reversed_.angle) > 0)


@pytest.mark.parametrize("points_below", [72, 180, 290])
@pytest.mark.parametrize("counts", [None, 6e4])
def test_wings_alone_are_not_taken_for_a_layer(tmp_path, points_below, counts):
    angle = STEP * (np.arange(360) - points_below)
    path = write(tmp_path / "c.txt", rocking_curve(angle, layer=0.0, lorentz=0.3, counts=counts))
    assert not any("reverse" in w for w in load_curve(path, step=STEP).metadata["warnings"])


@pytest.mark.parametrize(("share", "is_warned"), [(0.5, False), (2.0, True)])
def test_the_side_with_more_of_the_layer_counts(tmp_path, share, is_warned):
    angle = STEP * (np.arange(500) - 250)
    both = rocking_curve(angle) + share * rocking_curve(-angle)
    warnings = load_curve(write(tmp_path / "c.txt", both), step=STEP).metadata["warnings"]
    assert any("reverse" in w for w in warnings) == is_warned


@pytest.mark.parametrize(
    ("columns", "arguments", "expected"),
    [
        (1, {"step": STEP}, ["no angles: they go by step=4.01824 arcsec", "order of the points rises with dth"]),
        (1, {"step": STEP, "reverse": True}, ["order of the points runs with theta (reverse=True)"]),
        (2, {}, ["column 0 (from 0) is the angle in arcsec, column 1 the intensity", "the axis rises with dth"]),
        (2, {"peak": 8.0}, ["the substrate peak is where peak= says, at point 74.29"]),
        (1, {"step": STEP, "decimal": ","}, ["numbers with decimal ','"]),
    ],
)
def test_what_was_concluded_is_said(tmp_path, columns, arguments, expected):
    data = [AXIS, rocking_curve(AXIS)][-columns:]
    path = write(tmp_path / "c.txt", *data, decimal=arguments.get("decimal", "."))
    known = load_curve(path, **arguments).metadata
    for text in expected:
        assert any(text in sentence for sentence in known["inferred"]), known["inferred"]
    for word in ("substrate peak", "the step is 4.01824 arcsec", "layer", "the background is"):
        assert any(word in sentence for sentence in known["inferred"])
    assert known["counts_per_unit"] is None
    assert known["compressed"] is None


def test_the_side_of_the_layer_is_said(tmp_path):
    path = write(tmp_path / "c.txt", AXIS, rocking_curve(AXIS))
    sides = [load_curve(path, reverse=reverse).metadata["inferred"] for reverse in (False, True)]
    assert any("positive dth, as an expanded one" in text for text in sides[0])
    assert any("negative dth, as a contracted one" in text for text in sides[1])
    bare = load_curve(write(tmp_path / "b.txt", AXIS, rocking_curve(AXIS, layer=0.0))).metadata["inferred"]
    assert any("no layer stands out" in text for text in bare)


@pytest.mark.parametrize("factor", [0.1, 10.0])
def test_a_step_ten_times_wrong_is_pointed_out(tmp_path, factor):
    path = write(tmp_path / "c.txt", rocking_curve(AXIS))
    assert not any("wide" in w for w in load_curve(path, step=STEP).metadata["warnings"])
    warnings = load_curve(path, step=factor * STEP).metadata["warnings"]
    assert any("a substrate's is 10 to 300; is step= right?" in w for w in warnings)


def test_degrees_and_arcsec_taken_for_each_other_are_named(tmp_path):
    path = write(tmp_path / "c.txt", AXIS / 3600, rocking_curve(AXIS))
    assert any("give unit='degree'" in w for w in load_curve(path).metadata["warnings"])
    path = write(tmp_path / "c.txt", AXIS, rocking_curve(AXIS))
    assert any("probably arcsec" in w for w in load_curve(path, unit="degree").metadata["warnings"])


@pytest.mark.parametrize("step", [STEP, 1.0])
@pytest.mark.parametrize("rounded", [False, True])
def test_a_saturated_peak_is_pointed_out_and_a_rounded_one_is_not(tmp_path, step, rounded):
    angle = step * np.arange(-200, 500)
    counts = (1e5 * rocking_curve(angle, layer=0.005)).round()
    if rounded:
        counts = np.array([float(f"{v:.2e}") for v in counts])  # three digits, as curve A
    fine = load_curve(write(tmp_path / "c.txt", counts), step=step)
    clipped = load_curve(write(tmp_path / "c.txt", np.minimum(counts, 5e4)), step=step)
    assert not any("saturated" in w for w in fine.metadata["warnings"])
    assert any("successive points" in w and "saturated" in w for w in clipped.metadata["warnings"])


def test_few_counts_that_are_equal_are_not_saturated(tmp_path):
    angle = STEP * np.arange(-100, 200)
    counts = (40 * rocking_curve(angle)).round()
    counts[99:103] = counts.max()
    warnings = load_curve(write(tmp_path / "c.txt", counts), step=STEP).metadata["warnings"]
    assert not any("saturated" in w for w in warnings)


def test_a_curve_without_the_substrate_is_pointed_out(tmp_path):
    with_layer = np.exp(-(((AXIS - 400) / 250) ** 2)) + 1e-3
    path = write(tmp_path / "c.txt", AXIS, with_layer)
    assert any("a substrate's is 10 to 300" in w for w in load_curve(path).metadata["warnings"])
    cut = 0.7 + 0.3 * np.exp(-((AXIS / 40) ** 2))
    path = write(tmp_path / "c.txt", AXIS, cut)
    assert any("does not fall to half its height" in w for w in load_curve(path).metadata["warnings"])


def test_a_gzipped_text_is_the_same_curve(tmp_path):
    path = write(tmp_path / "c.txt", AXIS, rocking_curve(AXIS))
    (tmp_path / "c.txt.gz").write_bytes(gzip.compress(path.read_bytes()))
    packed = load_curve(tmp_path / "c.txt.gz")
    np.testing.assert_array_equal(packed.intensity, load_curve(path).intensity)
    assert packed.metadata["compressed"] == "gzip"


def test_intensities_beyond_all_measure_are_refused(tmp_path):
    with pytest.raises(CurveFormatError, match=r"line 1: '1e\+31': an intensity must be below 1e\+30"):
        load_curve(write(tmp_path / "c.txt", AXIS, np.linspace(1e31, 2e31, 360)))


def test_a_peak_at_the_end_and_no_peak_are_pointed_out(tmp_path):
    at_end = load_curve(write(tmp_path / "a.txt", rocking_curve(STEP * np.arange(360))), step=STEP)
    assert any("end of the scan" in w for w in at_end.metadata["warnings"])
    noise = load_curve(write(tmp_path / "b.txt", np.random.default_rng(0).poisson(100, 200)), step=STEP)
    assert any("no clear peak" in w for w in noise.metadata["warnings"])


# --- errors -----------------------------------------------------------------------------------------------

GOOD = [f"{v:.4e}" for v in rocking_curve(AXIS)]


def changed(row, text):
    return [*GOOD[:row], text, *GOOD[row + 1 :]]


def two(axis):
    return [f"{x} {v}" for x, v in zip(axis, GOOD, strict=True)]


ANGLES = [f"{x:.3f}" for x in AXIS]


@pytest.mark.parametrize(
    ("lines", "arguments", "message"),
    [
        ([""], {}, "empty"),
        (["", "  ", ""], {}, "empty"),
        (["angle intensity", "none"], {}, "no line of numbers"),
        (["\0\1\2"], {}, "not a text file"),
        (changed(56, "2.3E-O4"), {}, "line 57: '2.3E-O4': not a number"),
        (changed(56, "#N/A"), {}, "line 57: '#N/A': not a number"),
        ([*GOOD, "[EndOfData]"], {}, r"line 361: '\[EndOfData\]': not a number"),
        (changed(56, "1,234.5"), {}, "line 57: '1,234.5': not a number"),
        (changed(56, "x" * 500), {}, r"line 57: 'x{37}\.\.\.'"),
        (changed(56, "1e-3 2e-3"), {}, "line 57: .* columns: 2, but 1 in most lines"),
        (changed(56, "nan"), {}, "line 57: 'nan': an intensity must be a finite number"),
        (changed(56, "-inf"), {}, "line 57: '-inf'"),
        (changed(56, "1e999"), {}, "line 57: 'inf'"),
        (changed(56, "-1e-5"), {}, "line 57: '-1e-05': an intensity must be >= 0"),
        (["0"] * 100, {}, "all intensities are 0"),
        (["7"] * 100, {}, "all intensities are 7"),
        (GOOD[:49], {}, "49 points; at least 50"),
        (GOOD, {"step": None}, r"no step; give step= in arcsec"),
        (GOOD, {"step": 0.0}, "step=0 given; a positive"),
        (GOOD, {"step": -4.0}, "step=-4 given; a positive"),
        (GOOD, {"step": float("nan")}, "step=nan given; a positive"),
        (GOOD, {"step": float("inf")}, "step=inf given; a positive"),
        (GOOD, {"unit": "degree"}, "no angle column"),
        (GOOD, {"unit": "gon"}, "unit='gon' given; one of arcsec, degree, mrad"),
        (GOOD, {"peak": 400}, "peak=400 is outside the scan; 0 to 359"),
        (GOOD, {"peak": float("nan")}, "peak=nan is outside"),
        (GOOD, {"columns": (1,)}, r"columns=\(1,\) given"),
        (GOOD, {"columns": (-1,)}, r"columns=\(-1,\) given"),
        (GOOD, {"columns": ()}, r"columns=\(\) given"),
        (two(ANGLES), {"columns": (0, 0), "step": None}, r"columns=\(0, 0\) given"),
        (two(ANGLES), {"step": 5.0}, "step=5 given, but the angles go by 4.018 arcsec"),
        (two([*ANGLES[:30], ANGLES[29], *ANGLES[31:]]), {"step": None}, "line 31: .* repeats the angle"),
        (two([*ANGLES[:30], "-900", *ANGLES[31:]]), {"step": None}, "line 31: '-900': the angles turn round"),
        (two([*ANGLES[:30], "nan", *ANGLES[31:]]), {"step": None}, "line 31: 'nan': an angle must be"),
        (["0 -> 1", "1 -> 2", "3 -> 4"], {}, "line 3: '3 -> 4': index 2 expected"),
        (["0 -> 1", "2"], {}, "line 2: '2': all lines must be 'index -> value'"),
        (["1", "1 -> 2"], {}, "line 1: '1': all lines must be 'index -> value'"),
    ],
)
def test_bad_files_and_arguments_give_one_clear_line(tmp_path, lines, arguments, message):
    path = tmp_path / "bad.txt"
    path.write_text("\n".join(lines))
    with pytest.raises(CurveFormatError, match=message) as caught:
        load_curve(path, **{"step": STEP} | arguments)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"separator": "|"}, "separator: '|' given"),
        ({"decimal": "'"}, "decimal: "),
        ({"decimal": ",", "separator": ","}, "both ','"),
        ({"skip": -1}, "skip: -1 given"),
    ],
)
def test_bad_reader_arguments(tmp_path, arguments, message):
    with pytest.raises(CurveFormatError, match=re.escape(message)):
        load_curve(write(tmp_path / "c.txt", rocking_curve(AXIS)), step=STEP, **arguments)


@pytest.mark.parametrize(
    ("name", "message"), [("none.txt", "no such file"), ("", "a folder"), ("c.txt/x", "cannot be read")]
)
def test_what_is_no_file(tmp_path, name, message):
    write(tmp_path / "c.txt", [1.0])
    with pytest.raises(CurveFormatError, match=message) as caught:
        load_curve(tmp_path / name, step=STEP)
    assert str(tmp_path) in str(caught.value)


def test_a_single_zero_is_a_count(tmp_path):
    (tmp_path / "c.txt").write_text("\n".join(changed(300, "0")))
    assert load_curve(tmp_path / "c.txt", step=STEP).intensity[300] == 0


FRAGMENTS = [
    "1",
    "0",
    "2.5",
    "2,5",
    "1e-3",
    "-4",
    ",",
    ";",
    " ",
    "\t",
    "->",
    ":",
    "nan",
    "x",
    "#",
    "!",
    "\r",
    "\n",
]


@given(
    line=st.lists(st.sampled_from(FRAGMENTS), max_size=6).map("".join),
    odd=st.lists(st.sampled_from(FRAGMENTS), max_size=6).map("".join),
    raw=st.binary(max_size=20),
    row=st.integers(0, 60),
    step=st.sampled_from([None, STEP]),
)
def test_whatever_is_in_the_file_gives_a_curve_or_a_curve_error(folder, line, odd, raw, row, step):
    lines = [line.replace("2", str(i % 7)).replace("4", str(i)).encode() for i in range(60)]
    lines.insert(row, odd.encode() + raw)
    (folder / "any.txt").write_bytes(b"\n".join(lines))
    try:
        curve = load_curve(folder / "any.txt", step=step)
    except CurveFormatError:
        return
    assert np.all(np.diff(curve.angle) > 0)
    assert np.all(curve.intensity >= 0)
    assert curve.angle.shape == curve.intensity.shape
    assert curve.angle.size >= 50


# --- saving and showing -----------------------------------------------------------------------------------


def test_saving_again_keeps_the_first_source_and_added_comments_do_no_harm(tmp_path):
    load_curve(write(tmp_path / "c.txt", rocking_curve(AXIS)), step=STEP).save(tmp_path / "1.txt")
    (tmp_path / "1.txt").write_text((tmp_path / "1.txt").read_text() + "# note: sample B: tilted\n")
    load_curve(tmp_path / "1.txt").save(tmp_path / "2.txt")
    source = load_curve(tmp_path / "2.txt").metadata["source"]
    assert (source["file"], source["note"]) == (str(tmp_path / "c.txt"), "sample B: tilted")


def test_a_saved_curve_is_in_arcsec(tmp_path):
    load_curve(write(tmp_path / "c.txt", rocking_curve(AXIS)), step=STEP).save(tmp_path / "s.txt")
    with pytest.raises(CurveFormatError, match="in arcsec"):
        load_curve(tmp_path / "s.txt", unit="degree")


def test_failed_saving_leaves_nothing_behind(tmp_path):
    curve = MeasuredCurve(AXIS, rocking_curve(AXIS))
    (tmp_path / "taken").mkdir()
    for target in (tmp_path / "taken", tmp_path / "none" / "c.txt"):
        with pytest.raises(CurveFormatError, match="cannot be written"):
            curve.save(target)
    assert [p.name for p in tmp_path.rglob("*")] == ["taken"]


def test_short_descriptions(tmp_path):
    curve = load_curve(write(tmp_path / "a<b.txt", 1 / (1 + (AXIS / 15) ** 2)), step=STEP)
    assert "360" in repr(curve)
    assert "upper limit" in repr(curve)
    assert "a&lt;b.txt" in curve._repr_html_()
    assert "points 360" in repr(MeasuredCurve(AXIS, rocking_curve(AXIS)))


# --- the lab's measured curve A ---------------------------------------------------------------------------


def test_measured_curve_a(shared_dir):
    path = shared_dir / FILE_A
    curve = load_curve(path, step=STEP)
    known = curve.metadata
    assert curve.angle.size == len(path.read_text().split()) == known["n_points"]
    np.testing.assert_allclose(np.diff(curve.angle), STEP, rtol=1e-10)
    assert abs(curve.angle[np.argmax(curve.intensity)]) < STEP
    assert 1e-3 < known["background"] / known["peak_intensity"] < 4e-3  # DESIGN.md section 4
    assert 0 < known["background_spread"] < 0.1 * known["background"]
    assert 30 < known["fwhm"] < 60
    assert known["warnings"] == []


def test_measured_curve_a_the_wrong_way_round_is_pointed_out(shared_dir):
    curve = load_curve(shared_dir / FILE_A, step=STEP, reverse=True)
    assert any("leave that out if it is dth" in w for w in curve.metadata["warnings"])
    np.testing.assert_allclose(curve.angle[::-1], -load_curve(shared_dir / FILE_A, step=STEP).angle)


def test_an_axis_of_2theta_is_halved_and_one_that_looks_like_it_is_pointed_out(tmp_path):
    angle = np.arange(-280.0, 1150.0, 6.0)
    counts = rocking_curve(angle / STEP + 72.3)
    two_theta = 2 * (25.5 - angle / 3600)
    path = tmp_path / "c.txt"
    path.write_text("\n".join(f"{x:.8f} {y:.9g}" for x, y in zip(two_theta, counts, strict=True)))
    curve = load_curve(path, unit="degree", two_theta=True)
    np.testing.assert_allclose(np.diff(curve.angle), 6.0, rtol=1e-3)
    assert curve.metadata["peak_position"] == pytest.approx(two_theta[np.argmax(counts)], abs=0.02)
    assert not any("2theta" in w for w in curve.metadata["warnings"])
    wrong = load_curve(path, unit="degree", reverse=True)
    assert any("where 2theta of GGG (444) is 51.06" in w and "two_theta=True" in w for w in wrong.metadata["warnings"])
    with pytest.raises(CurveFormatError, match=r"two_theta=True given, but there is no angle column"):
        load_curve(write(tmp_path / "d.txt", counts), step=STEP, two_theta=True)
