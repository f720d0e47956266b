#!/usr/bin/env python3
"""Preparation of FLAIR: runs multimodal_rs.data_prep.flair."""

from _run import run

if __name__ == '__main__':
    run(__file__)
