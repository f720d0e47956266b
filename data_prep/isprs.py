#!/usr/bin/env python3
"""Preparation of ISPRS data: runs multimodal_rs.data_prep.isprs."""

from _run import run

if __name__ == '__main__':
    run(__file__)
