#!/bin/sh
# Installs what the program here needs into a folder of its own, whose python is
# for `bench -peers`:
#
#     ./setup.sh venv && cd .. && go run . -peers peers/venv/bin/python
set -eu
folder=${1:-venv}
here=$(cd "$(dirname "$0")" && pwd)
python3 -m venv "$folder"
"$folder/bin/python" -m pip install --quiet --requirement "$here/requirements.txt"
