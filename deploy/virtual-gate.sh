#!/bin/sh
# A gate with a virtual scanner, barrier and display, in one container: pseudo-terminals are not seen from another one.
# Pictures that appear in the folder are scanned. If one of the four ends, all do, and whoever supervises begins anew.
set -eu
data=${STILE_GATE_DATA:-/var/lib/stile-gate}
ports=${STILE_GATE_PORTS:-/run/stile}
pictures=${STILE_GATE_PICTURES:-/pictures}

if [ ! -f "$data/gate.json" ]; then
  node cli/main.ts gate configure --config "$data/gate.json" --data "$data/data" --settlement "$STILE_SETTLEMENT" --plain-http \
    --scanner "$ports/ttyGATE0" --barrier "$ports/ttyBARRIER0" --display "$ports/ttyDISPLAY0"
fi
if [ ! -f "$data/data/identity.json" ]; then
  node cli/main.ts gate enrol --config "$data/gate.json" --token "${STILE_GATE_TOKEN:?is empty: make one with settlement add-gate}"
fi

gate=
# Each has its own time to end; then this ends.
trap 'trap "" TERM INT; kill $scanner $barrier $display $gate 2>/dev/null || true; wait' EXIT
trap 'exit 143' TERM
trap 'exit 130' INT
scanner= barrier= display=
node cli/main.ts scanner --link "$ports/ttyGATE0" --watch "$pictures" --no-stdin --stay &
scanner=$!
node cli/main.ts barrier --link "$ports/ttyBARRIER0" &
barrier=$!
node cli/main.ts display --link "$ports/ttyDISPLAY0" &
display=$!
while [ ! -e "$ports/ttyGATE0" ] || [ ! -e "$ports/ttyBARRIER0" ] || [ ! -e "$ports/ttyDISPLAY0" ]; do
  kill -0 $scanner && kill -0 $barrier && kill -0 $display || exit 1
  sleep 0.1
done
node cli/main.ts gate --config "$data/gate.json" &
gate=$!
while kill -0 $scanner && kill -0 $barrier && kill -0 $display && kill -0 $gate; do sleep 1; done 2>/dev/null
exit 1
