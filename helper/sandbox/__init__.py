"""The walls around student code: what there is, what it proves, how it is put on. Knows nothing of marks or lessons."""
