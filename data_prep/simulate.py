#!/usr/bin/env python3
"""Simulation of a small DFC2020: runs multimodal_rs.data_prep.simulate."""

from _run import run

if __name__ == '__main__':
    run(__file__)
