#!/usr/bin/env python3
"""Preparation of SpaceNet 6: runs multimodal_rs.data_prep.spacenet6."""

from _run import run

if __name__ == '__main__':
    run(__file__)
