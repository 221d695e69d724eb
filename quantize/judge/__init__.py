"""Judging a quantised bundle against its float32 reference: translations, probabilities, speed,
memory.
"""
