"""``python -m promptcodec.cli``: the command line."""

from promptcodec.cli import main

if __name__ == "__main__":  # workers import this too
    main()
