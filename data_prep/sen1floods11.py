#!/usr/bin/env python3
"""Preparation of Sen1Floods11: runs multimodal_rs.data_prep.sen1floods11."""

from _run import run

if __name__ == '__main__':
    run(__file__)
