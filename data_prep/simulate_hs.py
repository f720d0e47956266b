#!/usr/bin/env python3
"""Simulation of a town: runs multimodal_rs.data_prep.simulate_hs."""

from _run import run

if __name__ == '__main__':
    run(__file__)
