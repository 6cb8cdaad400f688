"""Run: choose workloads and sizes, print what they found, and write it down."""

from __future__ import annotations

import argparse
import json
import platform
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType

from bench.figures import Figure, as_json, table
from bench.pure import pure
from bench.sqlite_books import sqlite
