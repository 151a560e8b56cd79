"""Fault scenarios: what the platform must survive, each with the bar that it is measured against.

A scenario is one function `f03(run)`; TABLE in faults.py has them all. It deploys a platform (stage.py), puts a load
on it (load.py), hurts it, and tells figures: run.figure("what", measured, "unit", at_most=bar). What has no figure but
must hold is run.require(...). A history of all operations is checked each time.
"""
