#!/bin/sh
# Jest with ES modules; arguments go through: `npm test -- test/model`.
cd "$(dirname "$0")/../.." || exit 1
NODE_OPTIONS="${NODE_OPTIONS:+$NODE_OPTIONS }--experimental-vm-modules --disable-warning=ExperimentalWarning"
export NODE_OPTIONS
exec node_modules/.bin/jest "$@"
