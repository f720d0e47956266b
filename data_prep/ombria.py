#!/usr/bin/env python3
"""Preparation of OMBRIA: runs multimodal_rs.data_prep.ombria."""

from _run import run

if __name__ == '__main__':
    run(__file__)
