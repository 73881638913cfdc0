#!/usr/bin/env bash
# Draws every screen of the demo, dark and light, into docs/screens, and the
# overview for the README; and a colleague's screen over SSH, on an export made
# here. Needs tmux, python3 and OpenSSH. The same start and seed give
# the same world; the minute of the picture is that of the run.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
socket=$work/tmux
server=
trap 'tmux -S "$socket" kill-server 2>/dev/null || true; [ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$work"' EXIT
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

# A colleague over SSH, who may look only.
ssh-keygen -q -t ed25519 -N '' -C 'ben@laptop' -f "$work/ben"
install -m 600 "$work/ben.pub" "$work/keys"
channels=(Search Shopping Newsletter Creators Retargeting)
{
  echo date,campaign,clicks,cost,orders,revenue
  for day in $(seq 0 29); do
    for i in "${!channels[@]}"; do
      spend=$((400 + 170 * i + (day * 37 + i * 91) % 120))
      orders=$((spend / (22 + 6 * i) + (day * 7 + i * 5) % 5))
      echo "$(date -u -d "-$day days" +%F),${channels[i]},$((spend * 2)),$spend,$orders,$((orders * (88 - 2 * i)))"
    done
  done
} >"$work/export.csv"
{
  printf '%s\n' 'title: Acme Shop' 'currency: EUR' 'timezone: UTC' "database: $work/acme.db" 'sources:' \
    '  - name: exports' '    type: csv' '    path: export.csv' '    account: {id: acme, currency: EUR, timezone: UTC}' \
    '    columns: {date: date, campaign: campaign, clicks: clicks, cost: cost, conversions: orders, revenue: revenue}' 'economics: {margin: 45%}' 'channels:'
  for name in "${channels[@]}"; do echo "  - {name: $name, spend: {source: exports, campaign: $name}}"; done
  printf '%s\n' 'alerts: {rules: [{name: low ROAS, expr: channel.last_7d.roas < 1.8}]}' 'display: {theme: dark}' \
    'serve: {address: "127.0.0.1:0", authorized_keys: keys}'
} >"$work/acme.yaml"
XDG_DATA_HOME=$work/served "$work/adtop" serve --config "$work/acme.yaml" >"$work/said" 2>/dev/null &
server=$!
until port=$(sed -n 's/.*127\.0\.0\.1:\([0-9]*\)\. .*/\1/p' "$work/said") && [ -n "$port" ]; do sleep 0.1; done
tmux -S "$socket" -f /dev/null new-session -d -s adtop -x 120 -y 32 \
  "COLORTERM=truecolor ssh -F none -o SendEnv=COLORTERM -o LogLevel=ERROR -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o IdentitiesOnly=yes -i $work/ben -p $port 127.0.0.1"
tmux -S "$socket" set -t adtop status off
sleep 12 # until the history is there
press Escape
press j
press a # says why not
tmux -S "$socket" capture-pane -t adtop -e -p | python3 docs/redraw.py dark >docs/screens/ssh.svg
press q
kill "$server"
wait "$server"
