#!/usr/bin/env python3
"""Preparation of Trento: runs multimodal_rs.data_prep.trento."""

from _run import run

if __name__ == '__main__':
    run(__file__)
