#!/usr/bin/env python3
"""Preparation of a city of DDHR: runs multimodal_rs.data_prep.ddhr."""

from _run import run

if __name__ == '__main__':
    run(__file__)
