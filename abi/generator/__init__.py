# SPDX-License-Identifier: BSD-3-Clause
"""Reads the contract and writes what follows from it; one module for the grammar, one for each kind of output."""
