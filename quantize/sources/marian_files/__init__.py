"""Marian's own files: `.bin` and `.npz`, as Firefox, Bergamot and OPUS-MT publish them."""
