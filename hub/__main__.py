"""`python -m hub` is `samverkan`."""

from hub.cli.main import run

if __name__ == "__main__":
    run()
