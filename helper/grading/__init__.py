"""A class, in one straight line: handed in, marked, written down, reported. In the instructor's process."""
