# Sourced by demo, test and stile: gets the packages (and with them Node 24) when they are missing or
# changed, and leaves the path of that Node in $STILE_NODE. Says what it does, on stderr only.

stile_fail() {
  echo "stile: $*" >&2
  exit 1
}

stile_setup() {
  root=$1
  cd "$root" || stile_fail "cannot enter $root"
  stamp="$root/node_modules/.stile-installed"
  if [ ! -f "$stamp" ] || ! cmp -s "$root/package-lock.json" "$stamp"; then
    command -v npm >/dev/null 2>&1 ||
      stile_fail "npm is missing. Install Node.js 20 or newer with npm (Debian: apt-get install nodejs npm)."
    # Two commands started at once must not install over each other.
    exec 9>"$root/.install-lock" || stile_fail "cannot write to $root"
    if command -v flock >/dev/null 2>&1; then flock 9; fi
    if [ ! -f "$stamp" ] || ! cmp -s "$root/package-lock.json" "$stamp"; then
      echo "stile: installing packages (npm ci, about half a minute) ..." >&2
      log=$(mktemp) || stile_fail "cannot write a temporary file"
      if ! npm ci --no-progress --loglevel=error >"$log" 2>&1 9>&-; then
        cat "$log" >&2
        rm -f "$log"
        stile_fail "npm ci failed; the lines above say why. Is the npm registry reachable?"
      fi
      rm -f "$log"
      if [ -x "$root/node_modules/.bin/node" ]; then
        # Fills the cache of compiled sources; a failure here costs only time later.
        NODE_COMPILE_CACHE="$root/node_modules/.cache/compile" "$root/node_modules/.bin/node" \
          --max-semi-space-size=1 "$root/scripts/warm-cache.ts" >/dev/null 2>&1 || true
      fi
      cp "$root/package-lock.json" "$stamp"
      echo "stile: packages installed." >&2
    fi
    exec 9>&-
  fi
  STILE_NODE="$root/node_modules/.bin/node"
  if [ ! -x "$STILE_NODE" ]; then
    # No Node 24 package for this platform: the machine's own has to be new enough.
    STILE_NODE=$(command -v node) || stile_fail "no Node.js found; version 24 or newer is needed."
    major=$("$STILE_NODE" -p 'process.versions.node.split(".")[0]')
    [ "$major" -ge 24 ] || stile_fail "Node.js $major found; version 24 or newer is needed."
  fi
  PATH="$root/node_modules/.bin:$PATH"
  export PATH
}

# The pages that settlement serves. Quick enough to be made anew each time, so they are never stale.
stile_pages() {
  log=$(mktemp) || stile_fail "cannot write a temporary file"
  if ! "$STILE_NODE" "$root/node_modules/vite/bin/vite.js" build "$root/web" --logLevel warn >"$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    stile_fail "the pages could not be built; the lines above say why."
  fi
  rm -f "$log"
}

# Installs a package of the distribution. Arguments: what is needed, the package.
stile_install() {
  command -v apt-get >/dev/null 2>&1 ||
    stile_fail "$1 is needed and this machine has no apt-get to get it with: install it, then start again."
  sudo=''
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null 2>&1 ||
      stile_fail "$1 is needed, and installing it needs root, which you are not: apt-get install $2, as root."
    sudo=sudo
  fi
  echo "stile: $1 is missing: installing $2 with apt-get, as root ..." >&2
  log=$(mktemp) || stile_fail "cannot write a temporary file"
  if ! { $sudo apt-get update -qq && DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq \
    --no-install-recommends "$2"; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    rm -f "$log"
    stile_fail "$1 could not be installed; the lines above say why."
  fi
  rm -f "$log"
}

# Says, before anything is begun, what the tests lack and what it takes to get it; ends where that is not here.
stile_say_missing() {
  missing=''
  if [ -z "$(stile_find_chromium)" ]; then missing="$missing chromium"; fi
  if [ -z "$(stile_find_firefox)" ]; then missing="$missing firefox-esr"; fi
  stile_has_postgres || missing="$missing postgresql"
  command -v redis-server >/dev/null 2>&1 || missing="$missing redis-server"
  if [ -z "$missing" ]; then return; fi
  way="apt-get install$missing"
  command -v apt-get >/dev/null 2>&1 ||
    stile_fail "the tests need what Debian calls$missing, and this machine has no apt-get to get it with. Install it, then start again."
  if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null 2>&1; then
    stile_fail "the tests need$missing, and installing it needs root, which you are not. As root: $way"
  fi
  echo "stile: the tests need$missing, which is missing here: it is installed with apt-get, as root." >&2
}

stile_find_chromium() {
  if [ -n "${STILE_CHROMIUM:-}" ]; then echo "$STILE_CHROMIUM"; return; fi
  command -v chromium || command -v chromium-browser || command -v google-chrome || true
}

stile_find_firefox() {
  if [ -n "${STILE_FIREFOX:-}" ]; then echo "$STILE_FIREFOX"; return; fi
  command -v firefox-esr || command -v firefox || true
}

# Two browsers for the tests of the pages: any Chromium and any Firefox that are there, otherwise Debian's.
stile_browser() {
  STILE_CHROMIUM=$(stile_find_chromium)
  if [ -z "$STILE_CHROMIUM" ]; then
    stile_install Chromium chromium
    STILE_CHROMIUM=$(command -v chromium) || stile_fail "Chromium was installed but is not in the PATH."
  fi
  STILE_FIREFOX=$(stile_find_firefox)
  if [ -z "$STILE_FIREFOX" ]; then
    stile_install Firefox firefox-esr
    STILE_FIREFOX=$(command -v firefox-esr) || stile_fail "Firefox was installed but is not in the PATH."
  fi
  export STILE_CHROMIUM STILE_FIREFOX
}

# Debian's Chromium without a window does the same at half the work; only a profile that outlives it needs the
# whole one. Where it cannot be had, the whole one does it all.
stile_quick_browser() {
  STILE_HEADLESS=${STILE_HEADLESS:-$(command -v chromium-headless-shell || true)}
  if [ -z "$STILE_HEADLESS" ] && [ "$STILE_CHROMIUM" = "$(command -v chromium)" ] &&
    apt-cache show chromium-headless-shell >/dev/null 2>&1; then
    (stile_install "Chromium's headless shell" chromium-headless-shell) || true
    STILE_HEADLESS=$(command -v chromium-headless-shell || true)
  fi
  export STILE_HEADLESS
}

# The programs of PostgreSQL: each test and the demo start a server of their own, none has to run.
stile_postgres() {
  if stile_has_postgres; then return; fi
  stile_install PostgreSQL postgresql
  stile_has_postgres || stile_fail "PostgreSQL was installed but its initdb was not found."
}

stile_has_postgres() {
  if command -v initdb >/dev/null 2>&1; then return; fi
  for program in /usr/lib/postgresql/*/bin/initdb; do
    if [ -x "$program" ]; then return; fi
  done
  return 1
}

# A Redis for workers; each test and the demo start their own.
stile_redis() {
  if command -v redis-server >/dev/null 2>&1; then return; fi
  stile_install Redis redis-server
  command -v redis-server >/dev/null 2>&1 || stile_fail "Redis was installed but redis-server is not in the PATH."
}

# A folder of this run's own for what the tests write, in memory where there is room: no test proves anything
# by a disk, and thousands wait for one. Commands that tests start share one cache of compiled sources,
# and servers of PostgreSQL one cluster, which they copy.
stile_test_folder() {
  base=${TMPDIR:-/tmp}
  if [ -d /dev/shm ] && [ -w /dev/shm ]; then
    free=$(df -Pk /dev/shm | awk 'NR == 2 { print $4 }')
    if [ "${free:-0}" -ge 2000000 ]; then base=/dev/shm; fi
  fi
  TMPDIR=$(mktemp -d "$base/stile-tests-XXXXXX") || stile_fail "cannot make a folder in $base"
  # PostgreSQL does not run as root: it must get through to a folder of its own in here.
  chmod 711 "$TMPDIR"
  NODE_COMPILE_CACHE=${NODE_COMPILE_CACHE:-"$root/node_modules/.cache/compile"}
  STILE_TEST_POSTGRES="$TMPDIR/postgres"
  export TMPDIR NODE_COMPILE_CACHE STILE_TEST_POSTGRES
}
