"""Entry point of `python -m stdb_codegen`, which is the command `stdb-codegen`."""

from stdb_codegen.cli import main

if __name__ == "__main__":
    main(prog_name="stdb-codegen")
