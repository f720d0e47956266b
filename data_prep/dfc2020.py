#!/usr/bin/env python3
"""Preparation of DFC2020: runs multimodal_rs.data_prep.dfc2020."""

from _run import run

if __name__ == '__main__':
    run(__file__)
