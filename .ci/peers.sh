# The programs of others that this log is tried with: their versions, and how they are built, once, into $CACHE. Sourced by run
# and long, after steps.sh. test/interop/ looks for them by the same versions.

REKOR_CLI_VERSION=1.5.4
TESSERA_VERSION=1.0.4
# Tessera's client of tlog-mirror and its server are newer than its newest release.
TESSERA_UPLOAD_VERSION=1.0.5-0.20260821100830-1811ae1a7c40
MTC_MIRROR_VERSION=1.0.5-0.20260812104009-542fdc5c247e
TORCHWOOD_VERSION=0.9.1-0.20260706112420-c22a68158d96
OMNIWITNESS_VERSION=0.0.0-20260701145555-54dbcdd14f82
SIGSTORE_PYTHON_VERSION=4.5.1
REKOR_MONITOR_VERSION=0.0.0-20260818080513-564014c8c3a2

# go_tool NAME VERSION PACKAGE: builds an unmodified program into the cache, once.
go_tool() {
  local name=$1 version=$2 package=$3 folder=$CACHE/$1-$2
  [ -x "$folder/${package##*/}" ] && return 0
  command -v go >/dev/null || { echo "NO GO: $name cannot be built, so it is not proved that it works"; return 1; }
  GOBIN=$folder.new go install "$package@v$version" && rm -rf "$folder" && mv "$folder.new" "$folder"
}

# module_folder MODULE VERSION: prints where the sources of a module lie, which are fetched.
module_folder() { go mod download -json "$1@v$2" | sed -n 's/.*"Dir": "\(.*\)".*/\1/p'; }

# go_module NAME VERSION MODULE WHAT [LINE…]: builds a program with a module that `go install` does not take by its version.
# WHAT is a package of it, or a folder here with a program that uses it; the LINEs go into go.mod.
go_module() {
  local name=$1 version=$2 module=$3 what=$4 folder=$CACHE/$1-$2
  shift 4
  [ -d "$what" ] && what=$ROOT/$what
  [ -x "$folder/$name" ] && { [ ! -d "$what" ] || cmp -s "$what/main.go" "$folder/main.go"; } && return 0
  command -v go >/dev/null || { echo "NO GO: $name cannot be built, so it is not proved that it works"; return 1; }
  rm -rf "$folder.new" && mkdir -p "$folder.new" && cd "$folder.new" || return 1
  printf '%s\n' 'module scratch' 'go 1.25' "require $module v$version" "$@" >go.mod
  # Its own sums: not every module that it needs is in the public list of sums.
  install -m 644 "$(module_folder "$module" "$version")/go.sum" . || return 1
  [ -d "$what" ] && { cp "$what/main.go" . && what=.; }
  GOFLAGS=-mod=mod go build -o "$name" "$what" && rm -rf "$folder" && mv "$folder.new" "$folder"
}

install_sigstore_python() {
  local venv=$CACHE/sigstore-python-$SIGSTORE_PYTHON_VERSION
  "$venv/bin/python" -c 'import sigstore' 2>/dev/null && return 0
  rm -rf "$venv"
  python3 -m venv "$venv" && "$venv/bin/pip" install -q "sigstore==$SIGSTORE_PYTHON_VERSION"
}

export ROOT CACHE SIGSTORE_PYTHON_VERSION OMNIWITNESS_VERSION
# `timeout` starts programs, not functions.
call() { step "$1" "$2" bash -c "$3"; }

# What the tests of witnesses and mirrors need besides fsck and mirror.
build_witness_tools() {
  local tessera=github.com/transparency-dev/tessera torchwood=filippo.io/torchwood
  call 'interop: build oneshot' 300 "go_tool tessera-oneshot $TESSERA_VERSION $tessera/cmd/examples/posix-oneshot"
  call 'interop: build litewitness' 600 "go_module litewitness $TORCHWOOD_VERSION $torchwood $torchwood/cmd/litewitness"
  call 'interop: build torchwood-check' 300 "go_module torchwood-check $TORCHWOOD_VERSION $torchwood test/interop/torchwood-check"
  call 'interop: build omniwitness' 600 "go_of_omniwitness omniwitness"
}

# go_of_omniwitness NAME: one of its programs, with the list of logs that is compiled into some of them beside it. The version of
# formats that it asks for is not on every proxy; the release before it will do.
go_of_omniwitness() {
  local module=github.com/transparency-dev/witness formats=github.com/transparency-dev/formats
  (go_module "$1" "$OMNIWITNESS_VERSION" $module $module/cmd/"$1" "replace $formats => $formats v0.1.1") &&
    install -m 644 "$(module_folder $module "$OMNIWITNESS_VERSION")/omniwitness/logs.yaml" "$CACHE/$1-$OMNIWITNESS_VERSION"
}

# Those of .ci/long: rekor_monitor is nearly as big as all others together, and not every proxy has them.
build_rare_tools() {
  local monitor=github.com/sigstore/rekor-monitor tessera=github.com/transparency-dev/tessera
  call 'interop: build feedwitness' 600 'go_of_omniwitness feedwitness'
  call 'interop: build tessera-upload' 600 "go_module tessera-upload $TESSERA_UPLOAD_VERSION $tessera test/interop/tessera-upload"
  call 'interop: build mtc-mirror' 600 \
    "go_module mtc-mirror $MTC_MIRROR_VERSION $tessera $tessera/cmd/mtc/mirror/posix"
  call 'interop: build rekor_monitor' 900 "go_module rekor_monitor $REKOR_MONITOR_VERSION $monitor $monitor/cmd/rekor_monitor"
}

export -f go_tool module_folder go_module go_of_omniwitness install_sigstore_python
