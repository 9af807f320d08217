"""What can be done where the best checkpoint on average is not the best for one experiment."""

from xrdlib.remedies.ensembles.averaging import AVERAGED, Soup, averaged_network, greedy_soup, swa
from xrdlib.remedies.ensembles.combination import combine, error_weights
from xrdlib.remedies.ensembles.ensemble import Ensemble, ensemble
from xrdlib.remedies.ensembles.ensemble_predictions import ENSEMBLES, ensemble_predictions
from xrdlib.remedies.ensembles.growth import Growth, growth
from xrdlib.remedies.ensembles.members import Member, Members, across, by_hand, every, greedy, noted, top
from xrdlib.remedies.ensembles.seeds import SeedsOrEpochs, seeds_or_epochs
from xrdlib.remedies.ensembles.spread import Spread, measure_spread, spread, spread_of_runs
from xrdlib.remedies.ensembles.written import write_average, write_ensemble
from xrdlib.remedies.retraining.augmentation import augment, fresh_curves, more_data
from xrdlib.remedies.retraining.fine_tuning import fine_tune, stop_early
from xrdlib.remedies.retraining.forgetting import Forgetting, forgetting
from xrdlib.remedies.retraining.region import RegionWeights, region_weights
from xrdlib.remedies.retraining.retrain import centre_of
from xrdlib.remedies.retraining.weighting import weight_region
from xrdlib.remedies.selecting.choosing import SELECTIONS, choose_checkpoint, selection_predictions
from xrdlib.remedies.selecting.selection import Selection, selection
from xrdlib.remedies.worth.protocol import measure_remedies
from xrdlib.remedies.worth.summary import RemedySummary

__all__ = [
    "AVERAGED",
    "ENSEMBLES",
    "SELECTIONS",
    "Ensemble",
    "Forgetting",
    "Growth",
    "Member",
    "Members",
    "RegionWeights",
    "RemedySummary",
    "SeedsOrEpochs",
    "Selection",
    "Soup",
    "Spread",
    "across",
    "augment",
    "averaged_network",
    "by_hand",
    "centre_of",
    "choose_checkpoint",
    "combine",
    "ensemble",
    "ensemble_predictions",
    "error_weights",
    "every",
    "fine_tune",
    "forgetting",
    "fresh_curves",
    "greedy",
    "greedy_soup",
    "growth",
    "measure_remedies",
    "measure_spread",
    "more_data",
    "noted",
    "region_weights",
    "seeds_or_epochs",
    "selection",
    "selection_predictions",
    "spread",
    "spread_of_runs",
    "stop_early",
    "swa",
    "top",
    "weight_region",
    "write_average",
    "write_ensemble",
]
