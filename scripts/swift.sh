#!/usr/bin/env bash
# Runs a command of Swift, or a program that Swift built, with this repository visible at its own path:
#
#     scripts/swift.sh swift test --package-path bindings/uniffi/swift
#     scripts/swift.sh FAULTWIRE_DSN=http://... examples/swift/.build/debug/orders
#
# A `swift` on the PATH is used as it is. Otherwise, on Debian and what is like it, Debian's package `swiftlang` is
# unpacked, once, into a folder of its own, and commands run within that: nothing is installed. There is no shell in it.
# The environment is passed on, but for what names places of the host; the network and /tmp are the host's.
#
#     FAULTWIRE_SWIFT_TREE   the folder; the default is $XDG_CACHE_HOME/faultwire/swift, about 1 GB
#     FAULTWIRE_SWIFT_SUITE  the suite of Debian that it is taken from
set -euo pipefail

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
tree=${FAULTWIRE_SWIFT_TREE:-${XDG_CACHE_HOME:-$HOME/.cache}/faultwire/swift}
# The first suite with Swift 6.
suite=${FAULTWIRE_SWIFT_SUITE:-trixie}

fail() {
    printf 'scripts/swift.sh: %s\n' "$@" >&2
    exit 69
}

# What the packages bring that neither compiler nor tests ask for: half of their size.
unneeded=(
    './usr/share/*' '*/lib/swift_static/*' '*/lib/swift/embedded/*' '*/FrameworkABIBaseline/*' '*/python3*'
    '*/liblldb.so*' '*/libLTO.so*' '*/libsourcekitdInProc.so' '*/libpython*' '*/bin/lldb*' '*/clangd'
    '*/sourcekit-lsp' '*/docc' '*/swift-format' '*/llvm-cov' '*/swift-build-sdk-interfaces'
)
# Packages that `swiftlang` depends on for the sake of a C compiler of Debian's; it has one of its own.
unneeded_packages='^(gcc|cpp|debconf|tzdata|media-types|netbase|readline-common|rpcsvc|swiftlang-dev)|^lib(asan|lsan|tsan|ubsan|hwasan|cc1|gprofng|isl|mpc|mpfr|python)'

# apt, with the host's sources for another suite, and nothing of the host's state.
private_apt() {
    local state=$1
    shift
    apt-get -qq \
        -o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts="$state/sources" \
        -o Dir::State::Lists="$state/lists" -o Dir::State::status="$state/status" \
        -o Dir::Cache::archives="$state/archives" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= \
        -o APT::Install-Recommends=false -o APT::Sandbox::User=root \
        -o Acquire::Languages=none -o Acquire::Retries=3 -o Debug::NoLocking=1 "$@" >&2
}

# Unpacks into a folder beside the tree; renaming it is the last step, so that a tree that is there is whole.
unpack() {
    local command release state new archive package exclude=()
    for command in apt-get dpkg-deb tar unshare; do
        [[ $(command -v "$command") ]] || missing "\`$command\`, to unpack Debian's"
    done
    mkdir -p "$(dirname "$tree")"
    state=$(mktemp -d) new=$(mktemp -d "$tree.XXXXXX")
    # shellcheck disable=SC2064 # The names are those of now.
    trap "rm -rf '$state' '$new'" EXIT
    mkdir -p "$state"/{sources,lists/partial,archives/partial}
    : >"$state/status"

    # shellcheck source=/dev/null
    release=$(. /etc/os-release && printf %s "${VERSION_CODENAME:-}")
    [[ $release ]] || missing "a release name in /etc/os-release, to find Debian's"
    for archive in /etc/apt/sources.list /etc/apt/sources.list.d/*.{list,sources}; do
        [[ ! -s $archive ]] || sed "s/\\b$release\\b/$suite/g" "$archive" >"$state/sources/${archive##*/}"
    done
    printf 'Unpacking Swift of Debian %s into %s\n' "$suite" "$tree" >&2
    private_apt "$state" update || missing "a package source that knows Debian's $suite"
    private_apt "$state" --yes --download-only install swiftlang libstdc++-14-dev ||
        missing "the package swiftlang in Debian's $suite"

    chmod 755 "$new"
    mkdir -p "$new"/{usr/{bin,sbin,lib,lib64},proc,dev,tmp,root}
    for command in bin sbin lib lib64; do
        ln -s "usr/$command" "$new/$command"
    done
    for archive in "${unneeded[@]}"; do
        exclude+=(--exclude="$archive")
    done
    for archive in "$state"/archives/*.deb; do
        package=${archive##*/}
        [[ ! ${package%%_*} =~ $unneeded_packages ]] || continue
        dpkg-deb --fsys-tarfile "$archive" |
            tar --extract --directory "$new" --keep-directory-symlink --no-same-owner --wildcards "${exclude[@]}"
    done
    [[ -x $new/usr/libexec/swift/bin/swift ]] || missing "the compiler in what was downloaded"
    # Somebody else may have been faster: a folder is never renamed over one that has something in it.
    mv --no-target-directory "$new" "$tree" 2>/dev/null || [[ -x $tree/usr/libexec/swift/bin/swift ]]
    rm -rf "$state" "$new"
    trap - EXIT
}

missing() {
    fail "there is no \`swift\` on the PATH, and one of Debian's cannot be had: $1 is missing." \
        "Install Swift 6 (https://www.swift.org/install) or name a tree with FAULTWIRE_SWIFT_TREE."
}

# Runs a command in the tree, in mounts of its own: nothing stays mounted, and it ends as the command ends.
enter() {
    local shared=("$repository") outside
    # Where the library is, if a link leads out of the repository; and what the caller works in.
    for outside in "$repository/target" "${CARGO_TARGET_DIR:-}" "$PWD"; do
        [[ ! -d $outside ]] || shared+=("$(cd "$outside" && pwd -P)")
    done
    local spaces=(--mount)
    [[ $(id -u) == 0 ]] || spaces+=(--user --map-root-user)
    unshare "${spaces[@]}" true 2>/dev/null ||
        fail "no \`swift\` on the PATH; the one in $tree needs root, or user namespaces, which this system forbids."
    # shellcheck disable=SC2016 # Expanded within.
    exec unshare "${spaces[@]}" bash -euc '
        tree=$1 count=$2 directory=$PWD
        shift 2
        mount --rbind /proc "$tree/proc"
        mount --rbind /dev "$tree/dev"
        mount --bind /tmp "$tree/tmp"
        for ((; count > 0; count--)); do
            mkdir -p "$tree$1"
            mountpoint -q "$tree$1" || mount --bind "$1" "$tree$1"
            shift
        done
        for name in ${!LD_*} CDPATH OLDPWD TMPDIR; do unset "$name"; done
        export HOME=/root LANG=C.UTF-8 PATH=/usr/libexec/swift/bin:/usr/bin:/usr/sbin
        given=()
        while [[ $1 != -- ]]; do given+=("$1"); shift; done
        shift
        exec env "${given[@]}" unshare --root="$tree" --wd="$directory" "$@"
    ' _ "$tree" "${#shared[@]}" "${shared[@]}" "${given[@]}" -- "$@"
}

# Whether a command could be run without fetching anything.
if [[ ${1:-} == --is-there ]]; then
    [[ $(command -v swift) || -x $tree/usr/libexec/swift/bin/swift ]]
    exit
fi
[[ $# -gt 0 ]] || fail 'usage: scripts/swift.sh [NAME=VALUE]... COMMAND [ARGUMENT]...'
given=()
while [[ ${1:-} =~ ^[A-Za-z_][A-Za-z0-9_]*= ]]; do
    given+=("$1")
    shift
done
if [[ $(command -v swift) && -z ${FAULTWIRE_SWIFT_TREE:-} ]]; then
    # The Bash of macOS takes an empty list for an unset name.
    exec env ${given[@]+"${given[@]}"} "$@"
fi
[[ $(uname -s) == Linux ]] || missing 'Linux'
[[ -x $tree/usr/libexec/swift/bin/swift ]] || unpack
enter "$@"
