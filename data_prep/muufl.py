#!/usr/bin/env python3
"""Preparation of MUUFL Gulfport: runs multimodal_rs.data_prep.muufl."""

from _run import run

if __name__ == '__main__':
    run(__file__)
