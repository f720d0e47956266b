#!/usr/bin/env python3
"""Preparation of C2Seg-AB: runs multimodal_rs.data_prep.c2seg_ab."""

from _run import run

if __name__ == '__main__':
    run(__file__)
