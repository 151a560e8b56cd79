"""Everything at random."""
import thrash


def f38(run):
    """Kills, stops and drains of everything at random, under every kind of use; clean again afterwards."""
    for clusters in run.rounds([1, 2], [2]):
        campaign = thrash.Campaign(run.seed, clusters, run.rounds(120, 25))
        campaign.everything()
        for violation in campaign.violations:
            run.require(False, violation)
