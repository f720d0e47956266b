#!/usr/bin/env python3
"""Preparation of SEN12MS: runs multimodal_rs.data_prep.sen12ms."""

from _run import run

if __name__ == '__main__':
    run(__file__)
