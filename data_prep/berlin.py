#!/usr/bin/env python3
"""Preparation of HS-SAR Berlin: runs multimodal_rs.data_prep.berlin."""

from _run import run

if __name__ == '__main__':
    run(__file__)
