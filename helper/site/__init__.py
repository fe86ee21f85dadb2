"""The reading site: pages of the released lessons for those who have installed nothing.

In the author's process. It imports lessons (for titles, advice and counts) and never puts the text of a solution into
a page: code comes from notebooks/, and of the executed reference it takes only what demonstrations put out. It may
not import what marks, what runs beside student code, or nbgrader.
"""
