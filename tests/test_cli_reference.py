"""The page of commands is what the commands say; completion works as the guide says."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from promptcodec.cli import COMMANDS
from promptcodec.cli.reference import page

PAGE = Path(__file__).parent.parent / "docs" / "reference" / "cli.md"


def test_the_page_is_what_the_commands_say():
    assert PAGE.read_text("utf-8") == page()
    assert all(f"\n## promptcodec {name}\n" in page() for name in COMMANDS)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(shell):
    if shell == "bash" and not Path("/bin/bash").exists():
        pytest.skip("there is no bash here")
    main = [sys.executable, "-c", "from promptcodec.cli import main; main()"]
    environment = {**os.environ, "_PROMPTCODEC_COMPLETE": f"{shell}_source"}
    script = subprocess.run(main, env=environment, capture_output=True, text=True, check=True).stdout
    assert "_PROMPTCODEC_COMPLETE" in script
