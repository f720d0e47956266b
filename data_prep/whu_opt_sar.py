#!/usr/bin/env python3
"""Preparation of WHU-OPT-SAR: runs multimodal_rs.data_prep.whu_opt_sar."""

from _run import run

if __name__ == '__main__':
    run(__file__)
