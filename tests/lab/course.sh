#!/bin/bash
# The course in docs/course: each page shows what aksu lab shows now, and each command of its exercises can be typed.
set -u
cd "$(dirname "$0")" || exit 1
export AKSU=${AKSU:-../../build/gcc/aksu}
timeout 250 ../../tools/course --check || exit 1
