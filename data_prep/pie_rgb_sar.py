#!/usr/bin/env python3
"""Preparation of PIE-RGB-SAR: runs multimodal_rs.data_prep.pie_rgb_sar."""

from _run import run

if __name__ == '__main__':
    run(__file__)
