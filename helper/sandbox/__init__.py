"""The walls around student code: what there is, what it proves, how it is put on. Knows nothing of marks or lessons.

`layers` names the means, `probe` tries them, `view` says what can be seen, `limits` what may be used, and `confine`
forks a process under all of them. It runs in the warm process's servers, as the person who marks.
"""
