"""A storm: every process of a real installation is killed again and again while people work.

`python -m tests.workflows.storm FOLDER …` plays one, in surroundings of its own, and prints what came of it
as JSON. The suite plays a short one (test_short_storm.py), `python -m benchmarks storm` a long one.
"""
