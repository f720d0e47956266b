#!/usr/bin/env python3
"""Preparation of a folder of your own: runs multimodal_rs.data_prep.mine."""

from _run import run

if __name__ == '__main__':
    run(__file__)
