"""Preparation of dataset folders: tiles, split lists, statistics, checks.

A module that has ``main(arguments)`` is a command, one per dataset and some
for all (``simulate``, ``label_fractions``). It is started by its name,
``multimodal-rs-prepare dfc2020 FOLDER`` or ``python -m
multimodal_rs.data_prep.dfc2020 FOLDER`` where the package is installed, and by
``python data_prep/dfc2020.py FOLDER`` in a checkout. The other modules are
what the commands share; a script of your own may use them as well.
"""
