#!/usr/bin/env python3
"""Short training lists: runs multimodal_rs.data_prep.label_fractions."""

from _run import run

if __name__ == '__main__':
    run(__file__)
