"""Virtual measurements: each effect does what it says and can be switched off; the truth survives a file."""

from __future__ import annotations

import hashlib
import re
from dataclasses import asdict, fields, replace
from pathlib import Path

import numpy as np
import pytest

from xrdlib.data import (
    LAB_EXPERIMENT,
    EffectRanges,
    Effects,
    Experiment,
    VirtualExperiment,
    load_curve,
    sample,
    virtual_experiment,
)
from xrdlib.data.curves import MeasuredCurve
from xrdlib.data.peak import find_substrate_peak
from xrdlib.data.virtual_effects import expected_curve
from xrdlib.simulation import Instrument, Scan, simulate
from xrdlib.training.reference import REFERENCE_STUDIES

SHIPPED = REFERENCE_STUDIES.parent / "virtual_curve.txt"
PLAIN = Effects(disorder=0.94, fwhm=38.0, lorentz_fraction=0.2, background=2e-3)
OFF = {"damage": 0.0, "wing": 0.0, "diffuse": 0.0, "drift": 0.0, "offset": 0.0, "layer_thickness": 100.0}
SCAN = Scan(-290.0, 4.018235972, 360)


def clean(**changes: object) -> np.ndarray:
    return expected_curve(LAB_EXPERIMENT, replace(PLAIN, **changes), SCAN)


class TestSwitchedOff:
    def test_is_the_training_model_bit_by_bit(self) -> None:
        instrument = Instrument(38.0, 0.2, background=2e-3)
        expected = Experiment("lab", LAB_EXPERIMENT, instrument, 0.94).curve(Scan())
        found = virtual_experiment(LAB_EXPERIMENT, 1, effects=PLAIN)
        np.testing.assert_array_equal(found.clean, expected)
        np.testing.assert_array_equal(found.curve.intensity, expected)

    def test_ranges_of_one_value_are_that_value(self) -> None:
        ranges = EffectRanges(**{**asdict(PLAIN), "disorder": (0.94, 0.94)})
        for seed in (0, 1):
            assert ranges.draw(np.random.default_rng(seed)) == PLAIN

    @pytest.mark.parametrize("name", ["damage", "wing", "diffuse", "drift"])
    def test_one_effect_off_leaves_the_draws_of_the_others(self, name: str) -> None:
        full = virtual_experiment(LAB_EXPERIMENT, 5).effects
        without = virtual_experiment(LAB_EXPERIMENT, 5, effects=replace(EffectRanges(), **{name: 0.0})).effects
        assert getattr(full, name) > 0
        assert without == replace(full, **{name: 0.0})

    @pytest.mark.parametrize(
        ("name", "strength"),
        [("damage", 0.2), ("wing", 0.05), ("diffuse", 0.3), ("drift", 0.01), ("layer_thickness", 50.0)],
    )
    def test_each_effect_changes_the_curve_and_vanishes_smoothly(self, name: str, strength: float) -> None:
        assert (clean(**{name: OFF[name]}) == clean()).all()
        moved = np.abs(np.log10(clean(**{name: strength}) / clean())).max()
        assert 1e-3 < moved < 0.5
        if name != "layer_thickness":
            assert np.abs(np.log10(clean(**{name: 1e-6}) / clean())).max() < 1e-4 * moved / strength


class TestEffects:
    def test_the_beam_s_mean_over_the_scan_is_one(self) -> None:
        ratio = clean(drift=0.01, drift_cycles=1.3, drift_phase=0.2, background=0.0) / clean(background=0.0)
        assert ratio.mean() == pytest.approx(1.0, abs=1e-12)
        assert ratio.std() == pytest.approx(0.01, rel=1e-9)
        assert np.abs(np.diff(ratio)).max() < 5e-4  # slow
        assert (np.diff(np.sign(ratio - 1)) != 0).sum() in (2, 3)

    def test_drift_does_not_move_the_background(self) -> None:
        difference = clean(drift=0.01) - clean(drift=0.01, background=0.0)
        np.testing.assert_allclose(difference, 2e-3, rtol=1e-9)

    @pytest.mark.parametrize("shift", [0.0, 30.0])
    def test_the_resolution_is_a_sum_of_two_of_unit_area(self, shift: float) -> None:
        narrow = simulate(LAB_EXPERIMENT, scan=SCAN, disorder=0.94, instrument=Instrument(38.0, 0.2))
        beside = replace(SCAN, start=SCAN.start - shift)
        wide = simulate(LAB_EXPERIMENT, scan=beside, disorder=0.94, instrument=Instrument(100.0, 1.0))
        both = 0.9 * narrow + 0.1 * wide
        found = clean(wing=0.1, wing_fwhm=100.0, wing_shift=shift, background=0.0)
        np.testing.assert_allclose(found, both / both.max(), rtol=5e-3)  # each resolution has a grid of its own
        assert np.abs(found / clean(background=0.0) - 1).max() > 0.3

    def test_a_shifted_wing_lies_on_its_side(self) -> None:
        """Of a bare substrate, which is even but for absorption."""
        bare = np.array([1e-4, 1e-4, 500.0, 50.0, 1e-4, 500.0, 0.0])
        lopsided = [
            expected_curve(bare, Effects(wing=0.1, wing_fwhm=60.0, wing_shift=s), Scan(-100.0, 2.0, 101))
            for s in (-40.0, 40.0)
        ]
        assert lopsided[0][25] > 2 * lopsided[1][25]  # at -50 arcsec
        assert lopsided[1][75] > 2 * lopsided[0][75]

    def test_the_foot_is_proportional_to_the_damage_and_under_the_layers(self) -> None:
        """The coherent part is the same with and without diffuse scattering: what is added is the foot."""
        feet = [clean(damage=w, disorder=1.0, diffuse=0.3) - clean(damage=w, disorder=1.0) for w in (0.01, 0.02)]
        far = SCAN.angle > 200
        np.testing.assert_allclose(feet[1][far] / feet[0][far], 2.0, rtol=0.02)
        assert 300 < SCAN.angle[feet[1].argmax()] < 1000
        assert (clean(disorder=1.0, diffuse=0.3) == clean(disorder=1.0)).all()

    def test_counts_scatter_as_poisson_around_the_clean_curve(self) -> None:
        found = virtual_experiment(LAB_EXPERIMENT, 3, effects=replace(PLAIN, peak_counts=6e4))
        assert found.clean.max() == pytest.approx(6e4 * 1.002)
        assert (found.curve.intensity == np.round(found.curve.intensity)).all()
        score = (found.curve.intensity - found.clean) / np.sqrt(found.clean)
        assert abs(score.mean()) < 4 / np.sqrt(score.size)
        assert abs(score.std() - 1) < 4 / np.sqrt(2 * score.size)

    def test_the_origin_of_the_scan(self) -> None:
        """The peak is found wherever the scan's origin is; ``offset`` says what is true of the curve's angles."""
        sharp = replace(PLAIN, peak_counts=None)
        for shift in (-2.0, 0.0, 1.3):
            found = virtual_experiment(LAB_EXPERIMENT, 0, effects=replace(sharp, offset=shift))
            assert find_substrate_peak(found.curve.angle, found.curve.intensity).position == pytest.approx(0, abs=1e-6)
            true = found.curve.angle + found.offset
            np.testing.assert_allclose(true, Scan().angle + shift, atol=1e-9)
            scan = Scan(float(true[0]), Scan().step, 701)
            np.testing.assert_allclose(expected_curve(LAB_EXPERIMENT, sharp, scan), found.clean, rtol=1e-6)

    def test_the_bragg_law(self) -> None:
        """At the layer's peak, near 750 arcsec, the laws are some arcsec apart."""
        linear, exact = (clean(bragg=law, fwhm=15.0)[SCAN.angle > 650] for law in ("linear", "exact"))
        assert SCAN.step <= (linear.argmax() - exact.argmax()) * SCAN.step <= 12


class TestSeed:
    def test_decides_everything(self) -> None:
        a, b, c = (virtual_experiment(LAB_EXPERIMENT, seed) for seed in (4, 4, 5))
        np.testing.assert_array_equal(a.curve.intensity, b.curve.intensity)
        np.testing.assert_array_equal(a.curve.angle, b.curve.angle)
        assert (a.effects, a.offset) == (b.effects, b.offset)
        assert a.effects != c.effects
        assert (a.curve.intensity != c.curve.intensity).any()

    def test_noise_does_not_depend_on_how_effects_are_chosen(self) -> None:
        drawn = virtual_experiment(LAB_EXPERIMENT, 4)
        given = virtual_experiment(LAB_EXPERIMENT, 4, effects=drawn.effects)
        np.testing.assert_array_equal(drawn.curve.intensity, given.curve.intensity)

    def test_effects_are_drawn_within_their_ranges(self) -> None:
        ranges = EffectRanges()
        drawn = [ranges.draw(np.random.default_rng(seed)) for seed in range(40)]
        for f in fields(ranges):
            values, given = [getattr(e, f.name) for e in drawn], getattr(ranges, f.name)
            if isinstance(given, tuple):
                width = given[1] - given[0]
                assert given[0] <= min(values) < given[0] + 0.2 * width
                assert given[1] - 0.2 * width < max(values) <= given[1]
            else:
                assert set(values) == {given}


class TestFile:
    def test_the_truth_is_kept(self, tmp_path: Path) -> None:
        made = virtual_experiment(LAB_EXPERIMENT, 7)
        assert made.curve.metadata["peak_from"] == "found"
        made.curve.save(tmp_path / "once.txt")
        once = load_curve(tmp_path / "once.txt")
        once.save(tmp_path / "twice.txt")
        for curve in (made.curve, once, load_curve(tmp_path / "twice.txt")):
            known = VirtualExperiment.of(curve)
            np.testing.assert_array_equal(curve.intensity, made.curve.intensity)
            np.testing.assert_array_equal(curve.angle, made.curve.angle)
            assert (known.parameters, known.effects, known.offset, known.seed) == (
                made.parameters,
                made.effects,
                made.offset,
                made.seed,
            )
            np.testing.assert_allclose(known.clean, made.clean, rtol=1e-6)

    def test_a_curve_without_truth(self) -> None:
        curve = MeasuredCurve(np.arange(50.0), np.ones(50), {"file": "a.txt"})
        with pytest.raises(ValueError, match=r"a\.txt: not a virtual measurement, its truth is unknown"):
            VirtualExperiment.of(curve)

    @pytest.mark.parametrize("broken", [{"seed": 1}, {"effects": 3}, {"parameters": [1, 2]}, 5])
    def test_a_truth_that_somebody_has_edited(self, broken: object) -> None:
        made = virtual_experiment(LAB_EXPERIMENT, 7)
        if isinstance(broken, dict) and "seed" not in broken:
            broken = {**made.curve.metadata["virtual"], **broken}
        curve = MeasuredCurve(made.curve.angle, made.curve.intensity, {"virtual": broken})
        with pytest.raises(ValueError, match=r"its truth cannot be read"):
            VirtualExperiment.of(curve)

    def test_the_shipped_one_is_of_seed_1(self) -> None:
        shipped, again = load_curve(SHIPPED), virtual_experiment(LAB_EXPERIMENT, 1)
        known = VirtualExperiment.of(shipped)
        assert known.parameters == LAB_EXPERIMENT
        assert known.effects == again.effects
        np.testing.assert_allclose(shipped.angle, again.curve.angle, atol=1e-9)
        np.testing.assert_array_equal(shipped.intensity, again.curve.intensity)
        readme = (SHIPPED.parent / "README.md").read_text(encoding="utf-8").splitlines()
        row = next(line for line in readme if "`virtual_curve.txt`" in line)
        assert re.findall(r"`([0-9a-f]{64})`", row) == [hashlib.sha256(SHIPPED.read_bytes()).hexdigest()]


def test_uniform_samples_are_measured_without_losing_their_substrate() -> None:
    for seed, row in enumerate(sample(12, "uniform", seed=8)):
        found = virtual_experiment(row, seed)
        assert abs(found.offset) < 5
        assert np.isfinite(found.clean).all()
        assert (found.clean > 0).all()


class TestBadInput:
    @pytest.mark.parametrize("seed", [-1, 1.5, True, "1", None])
    def test_seed(self, seed: object) -> None:
        with pytest.raises(ValueError, match=r"seed = .*: a whole number >= 0 expected"):
            virtual_experiment(LAB_EXPERIMENT, seed)  # type: ignore[arg-type]

    def test_parameters(self) -> None:
        with pytest.raises(ValueError, match=r"parameters: .*seven numbers expected"):
            virtual_experiment([1.0, 2.0], 0)
        with pytest.raises(ValueError, match=r"one row of seven numbers expected, 2 given"):
            virtual_experiment(sample(2, "uniform", seed=0), 0)

    @pytest.mark.parametrize(
        ("name", "value", "what"),
        [
            ("disorder", 0.0, "0 < E <= 1"),
            ("damage", -0.1, "zero or a positive number"),
            ("fwhm", 0.0, "at least 1 arcsec"),
            ("lorentz_fraction", 1.2, "0 to 1"),
            ("wing", 1.0, "0 to less than 1"),
            ("wing_fwhm", 0.0, "at least 1 arcsec"),
            ("wing_shift", np.nan, "a finite number"),
            ("diffuse", 1.1, "0 to 1"),
            ("diffuse_fwhm", 0.0, "a positive width"),
            ("drift", 0.5, "0 to less than 0.3"),
            ("drift_cycles", 0.0, "a positive number"),
            ("drift_phase", np.inf, "a finite number"),
            ("background", -1.0, "zero or a positive intensity"),
            ("offset", np.inf, "a finite number"),
            ("peak_counts", 0.0, "None, or positive"),
            ("layer_thickness", 0.0, "a positive length"),
            ("bragg", "cubic", "linear or exact"),
        ],
    )
    def test_effects(self, name: str, value: object, what: str) -> None:
        with pytest.raises(ValueError, match=rf"{name}.* given, .*{what}"):
            Effects(**{name: value})
        with pytest.raises(ValueError, match=rf"{name}.* given, .*{what}"):
            EffectRanges(**{name: value})

    @pytest.mark.parametrize("value", [(0.3, 0.1), (0.1,), (0.1, 0.2, 0.3), (np.nan, 0.1)])
    def test_ranges(self, value: tuple[float, ...]) -> None:
        with pytest.raises(ValueError, match=r"ranges: damage = .* \(lowest, highest\) or one number expected"):
            EffectRanges(damage=value)  # type: ignore[arg-type]
