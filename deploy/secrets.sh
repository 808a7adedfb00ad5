#!/bin/sh
# Makes the passwords and keys that compose.yaml mounts, into secrets/: each once, and never over one
# that is there. Only the folder's owner can enter it; the files in it can be read, as the
# containers' users must.
set -eu
cd "$(dirname "$0")"
mkdir -p secrets
chmod 700 secrets

random() { head -c 32 /dev/urandom | base64 | tr -d '\n'; }

keep() { # name; the content on standard input
  if [ -e "secrets/$1" ]; then
    cat >/dev/null
    echo "secrets/$1 is kept"
  else
    cat >"secrets/$1"
    chmod 644 "secrets/$1"
    echo "secrets/$1 made"
  fi
}

# Hexadecimal: it goes into an address.
head -c 24 /dev/urandom | od -An -v -tx1 | tr -d ' \n' | keep postgres_password
printf 'postgresql://headway:%s@postgres/headway' "$(cat secrets/postgres_password)" |
  keep headway_postgres_dsn
# Keep a copy of this one elsewhere: without it no contact can be opened again.
random | keep headway_notify_master_key
random | keep headway_redeem_token_secrets
random | keep grafana_password
