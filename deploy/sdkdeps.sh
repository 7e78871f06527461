#!/usr/bin/env bash
# Installs what `make test-sdks` needs beside what the tests need: Node.js with npm, from
# Debian's packages. Says what it installs; says nothing where all is there. The SDKs
# themselves come by go and npm, into the caches of those and .bin/sdktest.
set -euo pipefail

missing=()
command -v node >/dev/null 2>&1 || missing+=(nodejs)
command -v npm >/dev/null 2>&1 || missing+=(npm)
[ ${#missing[@]} -eq 0 ] && exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
	command -v sudo >/dev/null 2>&1 || {
		echo "the tests of SDKs need: ${missing[*]}. Install them as root: apt-get install ${missing[*]}" >&2
		exit 1
	}
	as_root=(sudo)
fi
echo "installing for the tests of SDKs: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
