"""Trainings from a dataset that is not held in memory as a whole."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from xrdlib.data import Dataset, DatasetConfig
from xrdlib.training import StudyConfig, StudyError, TrainingConfig, run_study
from xrdlib.training.curves import StudyCurves
from xrdlib.training.pools import ahead, pools


@pytest.fixture(scope="module")
def config(tiny: StudyConfig) -> StudyConfig:
    """Some 216 curves to train on, in chunks of 30, 60 of them in memory."""
    dataset = replace(tiny.dataset, size=240, chunk_size=30)
    return replace(tiny, dataset=dataset, training=replace(tiny.training, pool=60, batch_size=16, epochs=2))


@pytest.fixture(scope="module")
def curves(config: StudyConfig) -> StudyCurves:
    return StudyCurves(config)


def rows(pool):
    """Targets of a pool, in the order of training."""
    return [row.numpy().tobytes() for row in pool.curves.targets[pool.order]]


def test_every_sample_is_seen_once_in_an_epoch_and_few_are_in_memory(curves):
    all_of_them = list(pools(curves, 1))
    seen = [row for pool in all_of_them for row in rows(pool)]
    assert len(seen) == len(set(seen)) == len(curves.training_parameters) == 216
    assert max(len(pool.curves.inputs) for pool in all_of_them) < 60 + 30
    assert [pool.last for pool in all_of_them] == [False] * (len(all_of_them) - 1) + [True]
    assert sum(-(-len(pool.order) // 16) for pool in all_of_them) == all_of_them[0].total
    assert all_of_them[1].before == -(-len(all_of_them[0].order) // 16)


def test_an_epoch_is_always_the_same_and_two_are_not(curves, config):
    first, again, second = (
        [row for p in pools(c, e) for row in rows(p)] for c, e in ((curves, 1), (StudyCurves(config), 1), (curves, 2))
    )
    assert first == again
    assert first != second
    assert set(first) == set(second)


def test_neighbours_in_the_dataset_are_not_neighbours_in_training(curves):
    stored = {row.tobytes(): i for i, row in enumerate(curves.epoch(1).targets.numpy())}
    order = [stored[row] for pool in pools(curves, 1) for row in rows(pool)]
    assert np.mean(np.abs(np.diff(order)) == 1) < 0.1


def test_curves_are_those_of_the_dataset(curves, config, tmp_path):
    from xrdlib.data import build_dataset

    stored = StudyCurves(config, build_dataset(tmp_path / "d", config.dataset, workers=1, progress=False))
    for ours, theirs in zip(pools(curves, 1), pools(stored, 1), strict=True):
        assert torch.equal(ours.curves.inputs, theirs.curves.inputs)
        assert torch.equal(ours.order, theirs.order)
    known = {row.numpy().tobytes(): x for x, row in zip(curves.epoch(1).inputs, curves.epoch(1).targets, strict=True)}
    pool = next(pools(stored, 1))
    for x, row in zip(pool.curves.inputs, pool.curves.targets, strict=True):
        torch.testing.assert_close(x, known[row.numpy().tobytes()])


def test_a_short_epoch_takes_some_of_them(config):
    short = StudyCurves(replace(config, training=replace(config.training, epoch_size=100)))
    assert sum(len(pool.order) for pool in pools(short, 1)) == 100


def test_extra_curves_are_among_them(config):
    extra = replace(config.dataset, size=40, seed=7)
    more = StudyCurves(replace(config, extra=extra))
    seen = [row for pool in pools(more, 1) for row in rows(pool)]
    assert len(seen) == len(set(seen)) == len(more.training_parameters) > 216


def test_fresh_curves_may_be_more_than_the_dataset_has_and_none_is_seen_twice(config):
    training = replace(config.training, fresh=True, epoch_size=300)
    fresh = StudyCurves(replace(config, training=training))
    seen = [row for epoch in (1, 2) for pool in pools(fresh, epoch) for row in rows(pool)]
    assert len(set(seen)) == len(seen) > 590  # but for held-out points of the grid
    first = next(pools(fresh, 0))
    own = {row.numpy().tobytes() for row in StudyCurves(config).epoch(0).targets}
    assert {row.numpy().tobytes() for row in first.curves.targets} <= own


def test_a_training_in_pools_goes_on_where_it_was(config, tmp_path):
    whole = run_study(config, tmp_path / "whole", workers=1, progress=False)
    calls = []

    def interrupt(*args):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(*args)

    from xrdlib.training import loop

    real = loop._save_resume
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "_save_resume", interrupt)
        with pytest.raises(KeyboardInterrupt):
            run_study(config, tmp_path / "s", workers=1, progress=False)
    again = run_study(config, tmp_path / "s", workers=1, progress=False)
    assert again.history.equals(whole.history)
    assert (whole.history["val_loss"].diff().dropna() != 0).all()


def test_every_curve_of_a_pool_as_often_as_asked(config):
    thrice = replace(config, training=replace(config.training, passes=3))
    one, all_three = list(pools(StudyCurves(config), 1)), list(pools(StudyCurves(thrice), 1))
    assert [p.curves.inputs.shape for p in one] == [p.curves.inputs.shape for p in all_three]
    for single, pool in zip(one, all_three, strict=True):
        n = single.order.shape[0]
        assert pool.order.shape == (3 * n,)
        for part in pool.order.split(n):
            assert sorted(part.tolist()) == list(range(n))
        assert pool.order[:n].tolist() != pool.order[n : 2 * n].tolist()
    batches = [-(-p.order.shape[0] // config.training.batch_size) for p in all_three]
    assert [p.before for p in all_three] == [sum(batches[:k]) for k in range(len(batches))]
    assert all_three[0].total == sum(batches)


def test_what_goes_wrong_ahead_is_told():
    def items():
        yield 1
        raise ValueError("no more")

    stream = ahead(items())
    assert next(stream) == 1
    with pytest.raises(ValueError, match=r"no more"):
        next(stream)
    assert list(ahead(iter([1, 2, 3]))) == [1, 2, 3]


def test_impossible_pools():
    with pytest.raises(StudyError, match=r"training: pool = 10 given, at least a batch expected"):
        TrainingConfig(pool=10)
    with pytest.raises(StudyError, match=r"training: passes = 2 given, at least 1, and a pool, expected"):
        TrainingConfig(passes=2)
    both = TrainingConfig(pool=1000, fresh=True)
    with pytest.raises(StudyError, match=r"extra: fresh curves in pools leave no place"):
        StudyConfig(training=both, extra=DatasetConfig(size=100, seed=1))


def test_some_rows_of_a_dataset(config, tmp_path):
    from xrdlib.data import build_dataset

    dataset = build_dataset(tmp_path / "d", config.dataset, workers=1, progress=False)
    wanted = np.array([239, 0, 31, 30, 29, 31])
    np.testing.assert_array_equal(Dataset.open(tmp_path / "d").take(wanted), dataset.reflectivity()[wanted])
