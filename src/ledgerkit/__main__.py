"""`python -m ledgerkit`: the command line."""

from ledgerkit.cli import main

if __name__ == "__main__":
    main()
