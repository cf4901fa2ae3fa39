"""python -m maild."""

from maild.cli.main import main

main()
