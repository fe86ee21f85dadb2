"""The confined process itself: it runs the cells. It trusts nobody, and nobody trusts it."""
