#!/usr/bin/env python3
"""Preparation of BRIGHT: runs multimodal_rs.data_prep.bright."""

from _run import run

if __name__ == '__main__':
    run(__file__)
