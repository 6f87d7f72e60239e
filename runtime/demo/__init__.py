"""The demo: written conversations through the whole cycle on private servers."""

from __future__ import annotations

from runtime.demo.show import run_demo

__all__ = ["run_demo"]
