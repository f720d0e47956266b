#!/usr/bin/env python3
"""Preparation of IDTReeS 2020: runs multimodal_rs.data_prep.idtrees."""

from _run import run

if __name__ == '__main__':
    run(__file__)
