#!/usr/bin/env python3
"""Heights above the ground: runs multimodal_rs.data_prep.above_ground."""

from _run import run

if __name__ == '__main__':
    run(__file__)
