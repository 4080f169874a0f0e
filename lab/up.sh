#!/bin/sh
# `npm run lab`: the Acme lab comes up, proves itself, and stays.
set -eu
cd "$(dirname "$0")/.."
exec node dist/main/cli.js lab up -t lab/acme/acme.clab.yml
