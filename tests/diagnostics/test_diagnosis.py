"""All sections together: which are there, that they can be written, and what the summary makes of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from xrdlib.data import LAB, SPACE, Experiment, load_curve, sample
from xrdlib.diagnostics import SECTIONS, Diagnosis, diagnose
from xrdlib.simulation import PARAMETERS, StrainParameters
from xrdlib.training import Study, reference_study

DOCS = Path(__file__).resolve().parents[2] / "docs"
FIRST = ["checkpoints", "tracking", "coverage"]


@pytest.fixture(scope="module")
def lab() -> Diagnosis:
    return diagnose(LAB, reference_study("lab"))


def test_every_section_is_there_in_order_and_documented(lab: Diagnosis) -> None:
    assert [section.name for section in lab.sections] == list(SECTIONS)
    documented = (DOCS / "json.md").read_text(encoding="utf-8")
    for name in SECTIONS:
        assert f"| `{name}" in documented, name
        assert lab[name].name == name


def test_every_section_can_be_shown_and_written(lab: Diagnosis) -> None:
    again = json.loads(json.dumps(lab.to_dict(), allow_nan=False))
    assert list(again) == ["study", *SECTIONS]
    assert again["checkpoints"]["final"]["epoch"] == lab.study.final
    assert list(again["checkpoints"]["ideal"]["parameters"]) == list(PARAMETERS)
    assert len(again["checkpoints"]["epochs"]) == lab.study.n_epochs
    text, page = lab.to_text(), lab._repr_html_()
    assert "nan" not in text.replace("resonan", "")
    for section in lab.sections:
        assert section.title in text
        assert section.title in page
        assert not section.frame.empty
        assert section.sentences
        assert max(map(len, section.table.to_string().splitlines())) <= 88, section.name


def test_only_what_is_asked_for() -> None:
    study = reference_study("lab")
    assert [s.name for s in diagnose(LAB, study, sections=()).sections] == FIRST
    few = diagnose(LAB, study, sections=["bins", "comparison"])
    assert [s.name for s in few.sections] == [*FIRST, "bins", "comparison"]  # comparison brings its own reconstruction
    with pytest.raises(KeyError):
        few["luck"]
    with pytest.raises(ValueError, match=r"sections: colour unknown; there are checkpoints, tracking"):
        diagnose(LAB, study, sections=["colour"])


def test_summary_says_whether_luck_is_enough_and_what_is_unlike(lab: Diagnosis) -> None:
    said = " ".join(lab.summary)
    assert "nothing special" in said
    assert "cannot be told from luck" in said
    assert "The curve tells more than the network reads" in said
    experiment = next(e for e in lab.study.config.experiments if e.name == "lab_measured_1")
    measured = " ".join(diagnose(experiment, lab.study, sections=["luck"]).summary)
    assert "there is more to it than luck" in measured
    assert "But its curve is not like theirs: resolution in arcsec 36 instead of 30" in measured


def test_what_is_suspicious_about_a_curve_is_said_first(make_diagnosis: Callable[..., Diagnosis]) -> None:
    d = make_diagnosis(known=False)
    assert d.warnings == ["the scan ends <early> & low"]
    assert d.to_text().startswith("Warning: the scan ends <early> & low\n" + d.summary[0])
    assert d._repr_html_().startswith("<p>Warning: the scan ends &lt;early&gt; &amp; low</p>")
    assert not any("<early>" in sentence for sentence in d.summary)  # which the command prints after the warnings
    assert make_diagnosis().warnings == []


def test_a_point_outside_the_space_goes_through_all_sections(lab: Diagnosis) -> None:
    outside = Experiment("outside", replace(LAB.parameters, Dmax1=0.033, Rp1=5150.0))
    found = diagnose(outside, lab.study)
    assert [section.name for section in found.sections] == list(SECTIONS)
    assert "lies outside the parameter space: Dmax1" in " ".join(found.summary)
    json.dumps(found.to_dict(), allow_nan=False)


@pytest.mark.slow
@pytest.mark.parametrize("study", ["measured", "lab"])
def test_measured_curve_a_goes_through_all_sections(study: str, shared_dir: Path) -> None:
    curve = load_curve(shared_dir / "measured" / "ggg444_implanted_A.txt", step=4.018235972)
    found = diagnose(curve, reference_study(study))
    assert [section.name for section in found.sections] == list(SECTIONS)
    json.dumps(found.to_dict(), allow_nan=False)
    assert found.coverage.predicted
    assert not any("the experiment's parameters" in s.lower() for s in found["neighbours"].sentences)


def test_a_random_experiment_goes_through_all_sections() -> None:
    study = reference_study("lab")
    _, true = study.test_predictions("uniform")
    for row in true[np.random.default_rng(0).permutation(len(true))[:1]]:
        found = diagnose(Experiment("random", StrainParameters.from_array(row)), study)
        json.dumps(found.to_dict(), allow_nan=False)
        assert " nan" not in found.to_text()


@pytest.mark.parametrize("n_epochs", [1, 6])
def test_a_foreign_study_goes_through_all_sections(n_epochs: int, tmp_path: Path) -> None:
    """Predictions only, one test set, and perhaps a single epoch: what cannot be told is said, never nan."""
    rng = np.random.default_rng(0)
    test, noise = sample(80, "grid", seed=1), 0.2 / np.arange(1, n_epochs + 1)

    def predicted(true: np.ndarray) -> np.ndarray:
        fractions = SPACE.normalise(true) + noise[:, None, None] * rng.normal(size=(n_epochs, len(true), 7))
        return SPACE.denormalise(np.clip(fractions, 0, 1))

    study = Study.from_predictions(
        tmp_path / "foreign",
        val_loss=np.linspace(0.2, 0.1, n_epochs),
        training=sample(500, "grid", seed=2),
        test=(predicted(test), test),
        experiments={"lab": (predicted(LAB.parameters.to_array()[None])[:, 0], LAB)},
    )
    found = diagnose(LAB, study)
    json.dumps(found.to_dict(), allow_nan=False)
    assert [section.name for section in found.sections] == list(SECTIONS)
    assert " nan" not in found.to_text()
    if n_epochs == 1:
        assert "At a single epoch there is no trace" in found.to_text()
        assert found.summary[0].startswith("Epoch 1 is the only one: its error for lab is ")
        assert "Over 1 epochs" not in found.to_text()
        assert "same 1 epochs" not in found.to_text()
