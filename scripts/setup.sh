#!/bin/sh
# Lays the environment in .venv: `setup.sh run` what the bot runs on, `setup.sh dev` what its tests need on top.
# Only wheels, each checked against the hash in its lock file; nothing is compiled, nothing outside .venv is touched.
set -eu
cd "$(dirname "$0")/.."

say() { printf '%s\n' "$*" >&2; }
new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

find_python() {
    for name in ${PYTHON3:-} python3 python3.14 python3.13 python3.12 python3.11 python; do
        if command -v "$name" >/dev/null 2>&1 && new_enough "$name"; then
            command -v "$name"
            return
        fi
    done
    say "intercept-bot needs Python 3.11 or newer, and found none on PATH (python3 is: $(python3 --version 2>&1 || true))."
    say "Install one, or name it:  make PYTHON3=/path/to/python3.12 setup"
    say "需要 Python 3.11 或更新的版本，PATH 里没有找到。装好后再执行，或用 PYTHON3=路径 指定。"
    exit 1
}

make_environment() {
    python=$(find_python)
    if command -v uv >/dev/null 2>&1; then
        uv venv -q --clear --python "$python" .venv
    elif ! "$python" -m venv --clear .venv; then
        rm -rf .venv
        say "$python cannot make a virtual environment: its module venv or ensurepip is missing."
        say "On Debian and Ubuntu:  apt-get install python3-venv    (or install uv, which needs neither)"
        say "这个 Python 缺少 venv 模块。Debian/Ubuntu 请先安装 python3-venv。"
        exit 1
    fi
}

new_enough .venv/bin/python || make_environment

# uv installs ten times as fast as pip. Where there is none it comes by pip, pinned like the rest.
if [ -x .venv/bin/uv ]; then
    uv=.venv/bin/uv
elif command -v uv >/dev/null 2>&1; then
    uv=uv
else
    say "installing uv …"
    .venv/bin/python -m pip install -q --disable-pip-version-check --require-hashes --only-binary :all: \
        -r requirements-build.lock
    uv=.venv/bin/uv
fi
install() { "$uv" pip install -q --python .venv/bin/python "$@"; }

case "${1:-}" in
run)
    say "installing what the bot runs on …"
    install --require-hashes --only-binary :all: -r requirements-build.lock -r requirements.lock
    install --no-deps --no-build-isolation -e .
    ;;
dev)
    say "installing what the tests need …"
    install --require-hashes --only-binary :all: -r requirements-dev.lock
    ;;
*)
    say "usage: scripts/setup.sh run|dev"
    exit 2
    ;;
esac
