"""Facts from Portuguese text by rules and, where no rule decides, by weighed evidence.

Pure and deterministic: the same text gives the same facts.
"""

from runtime.extraction.extractor import extract, load_lists
from runtime.extraction.found import Found, Kind

__all__ = ["Found", "Kind", "extract", "load_lists"]
