#!/usr/bin/env bash
# Installs what the tests need beside Go, git and make: Chromium and PostgreSQL, from
# Debian's packages. Says what it installs; says nothing where all is there.
set -euo pipefail

missing=()
command -v chromium >/dev/null 2>&1 || missing+=(chromium)
compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || missing+=(postgresql)
[ ${#missing[@]} -eq 0 ] && exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
	command -v sudo >/dev/null 2>&1 || {
		echo "the tests need: ${missing[*]}. Install them as root: apt-get install ${missing[*]}" >&2
		exit 1
	}
	as_root=(sudo)
fi
echo "installing for the tests: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
