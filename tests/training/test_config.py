"""Configurations: there and back through TOML, and every mistake named."""

from dataclasses import replace

import pytest

from xrdlib.data import LAB, DatasetConfig, Experiment
from xrdlib.simulation import YIG_FILM, Instrument, simulate
from xrdlib.training import Measurement, NetworkConfig, StudyConfig, StudyError, TrainingConfig

OTHER = StudyConfig(
    name='a "quoted" name, µm',
    seed=12,
    dataset=DatasetConfig(size=100, sampling="sobol", disorder=(0.85, 1.0), film=True, scan_points=301),
    network=NetworkConfig((4, 8), (16, 8), (4, 3), 8, 1, 0.25),
    training=TrainingConfig(epochs=3, learning_rate=1 / 3, loss="mse", parameter_weights=(1, 2, 3, 0, 5, 6, 7)),
    measurement=Measurement(fwhm=(30, 40), stop=(500.1, 1000.0)),
    experiments=(LAB, Experiment("x", LAB.parameters, Instrument(31.0, 0.1, 2.0, 1e-3, 5e4), 0.9, 3)),
)


class TestToml:
    @pytest.mark.parametrize("config", [StudyConfig(), OTHER, replace(OTHER, measurement=None)])
    def test_there_and_back(self, config, tmp_path):
        file = tmp_path / "config.toml"
        file.write_text(config.to_toml(), encoding="utf-8")
        loaded = StudyConfig.load(file)
        assert loaded == config
        assert loaded.to_toml() == config.to_toml()
        assert loaded.measurement == config.measurement
        assert loaded.experiments == config.experiments
        assert hash(loaded) == hash(config)

    def test_missing_keys_take_their_defaults(self, tmp_path):
        (tmp_path / "c.toml").write_text('name = "short"\n[dataset]\nsize = 50\n[training]\nepochs = 2\n')
        expected = StudyConfig(name="short", dataset=DatasetConfig(size=50), training=TrainingConfig(epochs=2))
        assert StudyConfig.load(tmp_path / "c.toml") == expected
        (tmp_path / "empty.toml").write_text("")
        assert StudyConfig.load(tmp_path / "empty.toml") == StudyConfig()

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("colour = 1\nshape = 2", "study: unknown keys colour, shape; known are combination, dataset, experiments"),
            ("[training]\nepoch = 3", "training: unknown keys epoch; known are batch_size"),
            ("[network]\ndepth = 3", "network: unknown keys depth"),
            ("[measurement]\nnoise = 3", "measurement: unknown keys noise"),
            ("[dataset]\nsizes = 3", "dataset: unknown configuration keys sizes"),
            ("[dataset]\nsize = 0", "dataset: size = 0 given"),
            ('[dataset]\nsize = "many"', "size = 'many' given, a whole number expected"),
            ("[training]\nepochs = 2.5", "training: epochs = 2.5 given, a whole number"),
            ('[training]\nepochs = "2"', "wrong kind"),
            ("[network]\nkernels = [16]", "one entry per convolution"),
            ("[measurement]\nfwhm = 30", "wrong kind"),
            ("[[experiments]]\nparameters = [1.0]", "missing key: 'name'"),
            ('[[experiments]]\nname = "x"\nparameters = [1.0]', "parameters"),
            ("experiments = []", "experiments need different names, and one at least"),
            ("seed = -1", "seed = -1 given, a whole number"),
            ("dataset = 3", "wrong kind"),
            ("name = ", "Invalid value"),
            ("[training", "end of a table"),
        ],
    )
    def test_mistakes_are_named_with_the_file(self, text, message, tmp_path):
        (tmp_path / "c.toml").write_text(text)
        with pytest.raises(StudyError, match=message) as error:
            StudyConfig.load(tmp_path / "c.toml")
        assert str(error.value).startswith(f"{tmp_path / 'c.toml'}: ")
        assert "\n" not in str(error.value)

    def test_files_that_cannot_be_read(self, tmp_path):
        with pytest.raises(StudyError, match=r"absent\.toml: no such configuration file"):
            StudyConfig.load(tmp_path / "absent.toml")
        (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
        with pytest.raises(StudyError, match=r"binary\.toml: "):
            StudyConfig.load(tmp_path / "binary.toml")
        with pytest.raises(StudyError, match=str(tmp_path)):
            StudyConfig.load(tmp_path)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"epochs": 0}, "epochs = 0 given, at least 1"),
        ({"batch_size": 1}, "batch_size = 1 given, at least 2"),
        ({"learning_rate": -1e-3}, "learning_rate = -0.001 given, a number, 0 or more"),
        ({"warmup": 1.0}, "warmup = 1.0"),
        ({"loss": "huber"}, "loss = huber given, l1 or mse"),
        ({"parameter_weights": (1.0,) * 6}, "parameter_weights"),
        ({"parameter_weights": (0.0,) * 7}, "seven weights, none negative, not all 0"),
        ({"parameter_weights": (1.0,) * 6 + (-1.0,)}, "parameter_weights"),
        ({"validation_fraction": 0.0}, "validation_fraction"),
        ({"validation_fraction": 1.0}, "validation_fraction"),
        ({"test_size": 0}, "test_size"),
        ({"floor": 0.0}, "floor"),
        ({"checkpoint_precision": "float64"}, "checkpoint_precision = float64 given, float32 or float16"),
        ({"threads": 0}, "threads"),
    ],
)
def test_impossible_training(change, text):
    with pytest.raises(StudyError, match=f"^training: .*{text}"):
        TrainingConfig(**change)


class TestParts:
    """What each part allows, but not together with the others."""

    def test_names_of_experiments(self):
        with pytest.raises(StudyError, match=r"different names.*lab, lab"):
            StudyConfig(experiments=(LAB, LAB))

    @pytest.mark.parametrize(("size", "fraction"), [(1, 0.1), (2, 0.9)])
    def test_nothing_left_to_train_on(self, size, fraction):
        with pytest.raises(StudyError, match=f"{size} curves cannot be split with validation_fraction = {fraction}"):
            StudyConfig(dataset=DatasetConfig(size=size), training=TrainingConfig(validation_fraction=fraction))

    def test_resolution_finer_than_the_dataset_s_grid(self):
        with pytest.raises(StudyError, match="20 arcsec needs a dataset with fwhm_min <= 20, 25 given"):
            StudyConfig(measurement=Measurement(fwhm=(20, 40)))
        with pytest.raises(StudyError, match="30 arcsec needs a dataset with fwhm_min <= 30, 35 given"):
            StudyConfig(dataset=DatasetConfig(fwhm_min=35.0))
        StudyConfig(dataset=DatasetConfig(fwhm_min=20.0), measurement=Measurement(fwhm=(20, 40)))

    def test_a_scan_too_short_for_the_network(self):
        with pytest.raises(ValueError, match="network: 50 points are too few for kernels"):
            StudyConfig(dataset=DatasetConfig(scan_points=50))

    def test_experiments_lie_on_the_study_s_kind_of_sample(self):
        config = OTHER
        curve = simulate(LAB.parameters, scan=config.dataset.scan, film=YIG_FILM)
        assert config.curve(LAB) == pytest.approx(curve / curve.max())
