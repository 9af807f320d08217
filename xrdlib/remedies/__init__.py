"""What can be done where the best checkpoint on average is not the best for one experiment."""

from xrdlib.remedies.averaging import AVERAGED, Soup, averaged_network, greedy_soup, swa
from xrdlib.remedies.choosing import SELECTIONS, choose_checkpoint, selection_predictions
from xrdlib.remedies.combination import combine, error_weights
from xrdlib.remedies.ensemble_predictions import ENSEMBLES, ensemble_predictions
from xrdlib.remedies.members import Member, Members, across, by_hand, every, greedy, noted, top

__all__ = [
    "AVERAGED",
    "ENSEMBLES",
    "SELECTIONS",
    "Member",
    "Members",
    "Soup",
    "across",
    "averaged_network",
    "by_hand",
    "choose_checkpoint",
    "combine",
    "ensemble_predictions",
    "error_weights",
    "every",
    "greedy",
    "greedy_soup",
    "noted",
    "selection_predictions",
    "swa",
    "top",
]
