"""What a notebook shows of a study and a dataset, and that what is saved says which version saved it."""

import json
from dataclasses import replace

import xrdlib
from xrdlib._shown import Shown
from xrdlib.data import LAB_EXPERIMENT, Dataset, DatasetConfig, build_dataset
from xrdlib.data._stored import open_group
from xrdlib.diagnostics import Target, coverage
from xrdlib.training import Study


def test_study(study):
    text = repr(study)
    assert text.startswith(f"Study(study tiny, folder {study.path}, epochs 3 of 3, 3 with weights, curves 60 uniform")
    assert f"final epoch {study.final}, validation loss {study.val_loss(study.final):.5f}" in text
    page = study._repr_html_()
    assert page.startswith("<table><tr><th>study</th><td>tiny</td></tr>")
    assert page.count("<tr>") == page.count("</tr>") == 6
    names = ", ".join(experiment.name for experiment in study.config.experiments)
    assert f"<tr><th>experiments</th><td>{names}</td></tr>" in page


def test_a_study_of_fresh_curves_says_so(tmp_path):
    study = xrdlib.reference_study("accurate")
    assert "curves 40000 uniform; for training 524288 new ones in every epoch" in repr(study)
    training = replace(study.config.training, epoch_size=None)
    unfinished = Study(tmp_path, replace(study.config, training=training), study.history.iloc[:0])
    assert "40000 uniform; for training as many new ones in every epoch" in repr(unfinished)
    said = coverage(study, LAB_EXPERIMENT).sentences
    assert "trained on 8388608 curves, new ones in every epoch; 20000 samples" in said[0]
    assert not any("training sample of" in sentence for sentence in said)


def test_target(study):
    target = Target.of(study.config.experiments[0], study)
    assert repr(target).startswith(f"Target(curve {target.name}, points {target.angle.size}, angle ")
    assert "array" not in repr(target)
    assert "<td>not known</td>" in replace(target, true=None)._repr_html_()


def test_dataset_whole_and_unfinished(tmp_path):
    config = DatasetConfig(size=6, chunk_size=2, layer_thickness=400.0, sampling="uniform", disorder=(0.9, 1.0))
    dataset = build_dataset(tmp_path / "d", config, workers=1, progress=False)
    assert "curves 6 uniform, seed 0, built all, sample GGG_444, E 0.9 to 1, angles" in repr(dataset)
    from xrdlib.data.build import forget_chunks

    forget_chunks(tmp_path / "d", [1])
    unfinished = Dataset.open(tmp_path / "d", complete=False)
    assert "<td>2 of 3 chunks</td>" in unfinished._repr_html_()


def test_nothing_of_a_name_becomes_markup():
    class Named(Shown):
        def _facts(self):
            return [("a<b", "<script>")]

    assert Named()._repr_html_() == "<table><tr><th>a&lt;b</th><td>&lt;script&gt;</td></tr></table>"
    assert repr(Named()) == "Named(a<b <script>)"


def test_saved_files_say_the_version(study, tmp_path):
    assert json.loads((study.path / "hashes.json").read_text())["xrdlib_version"] == xrdlib.__version__
    dataset = build_dataset(tmp_path / "d", DatasetConfig(size=2, layer_thickness=400.0), workers=1, progress=False)
    for store in (study.path / "predictions.zarr", dataset.path):
        assert open_group(store, "r").attrs["xrdlib_version"] == xrdlib.__version__
