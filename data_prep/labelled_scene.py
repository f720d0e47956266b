#!/usr/bin/env python3
"""Preparation of a labelled scene: runs data_prep.labelled_scene."""

from _run import run

if __name__ == '__main__':
    run(__file__)
