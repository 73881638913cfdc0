#!/usr/bin/env bash
# Draws every screen of the demo, dark and light, into docs/screens, and the
# overview for the README. Needs tmux and python3. The same start and seed give
# the same world; the minute of the picture is that of the run.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
socket=$work/tmux
trap 'tmux -S "$socket" kill-server 2>/dev/null || true; rm -rf "$work"' EXIT
go build -o "$work/adtop" .
mkdir -p docs/screens

press() { tmux -S "$socket" send-keys -t adtop "$@"; sleep 1; }
shoot() { tmux -S "$socket" capture-pane -t adtop -e -p | python3 docs/redraw.py "$theme" >"docs/screens/$1-$theme.svg"; }

for theme in dark light; do
  tmux -S "$socket" -f /dev/null new-session -d -s adtop -x 120 -y 32 \
    "XDG_DATA_HOME=$work/$theme $work/adtop demo --theme $theme --color truecolor --start 2026-11-16"
  tmux -S "$socket" set -t adtop status off
  for _ in $(seq 300); do # until the incident is told
    tmux -S "$socket" capture-pane -t adtop -p | grep -q UNPROFITABLE && break
    sleep 1
  done
  sleep 4
  press Escape # hides the announcement, which has been seen
  shoot overview
  press Enter
  press r
  shoot channel
  press 2
  shoot alerts
  press Enter
  shoot alert
  press 3
  shoot sources
  press 1
  press '?'
  shoot help
  press Escape
  press :
  press c h a r t
  shoot palette
  press Escape
  press q
  tmux -S "$socket" kill-server 2>/dev/null || true
  sleep 1
done
cp docs/screens/overview-dark.svg docs/overview.svg
