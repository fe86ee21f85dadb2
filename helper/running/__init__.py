"""Whoever stands beside student code and listens to it. Trusts nothing it hears; knows no mark and no lesson."""
