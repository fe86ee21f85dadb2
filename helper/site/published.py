"""Where the course is published, if its address names a repository: the way to the source, Colab and Codespaces."""

from __future__ import annotations

import re

HOST = "github.com"


def buttons(address: str, stem: str) -> str:
    """Return the links above a lesson: to its source, to Colab and to Codespaces; "" if no address says where.

    address: what `pip install` takes, as `[tool.course]` in pyproject.toml has it.
    """
    found = re.search(
        rf"{re.escape(HOST)}[/:]([\w.-]+)/([\w.-]+?)(?:\.git|/archive/.*)?(?:@([\w./-]+))?(?:#.*)?$", address
    )
    if found is None:
        return ""
    owner, name, branch = found[1], found[2], found[3] or "main"
    path = f"{owner}/{name}/blob/{branch}/notebooks/{stem}/{stem}.ipynb"
    links = {
        "Open in Colab": f"https://colab.research.google.com/github/{path}",
        "Open in Codespaces": f"https://codespaces.new/{owner}/{name}?ref={branch}",
        "Source": f"https://{HOST}/{path}",
    }
    return "\n".join(f"[{words}]({where})" for words, where in links.items())
