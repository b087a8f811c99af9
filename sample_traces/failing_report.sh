#!/bin/sh
# A nightly report that fails. Which of its steps, and what is it that is not there?
set -e
sort -u /etc/hosts >/dev/null
sort /etc/shells >/dev/null 2>&1 || true
(cd /etc && sort -m passwd group sales.csv) >/dev/null
