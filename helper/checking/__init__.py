"""The student's process: checks, the panel, progress. Imports are light and nothing here decides a mark.

May import judging, the lessons' helpers and nothing of the author's or instructor's half.
"""
