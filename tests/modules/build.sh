#!/usr/bin/env bash
# Builds the SpacetimeDB modules of this repository from Rust to WebAssembly.
#
#   tests/modules/build.sh                            all modules
#   tests/modules/build.sh tests/modules/echo ...     only these folders
#
# Beside each Cargo.toml it puts NAME.wasm, and SHA256SUMS over Cargo.toml, src/lib.rs and the .wasm:
# `sha256sum -c SHA256SUMS`, run in the folder, tells whether the .wasm was built from that source. The .wasm
# files are committed, so only who changes a module needs to run this. The crates of SpacetimeDB are pinned in
# Cargo.toml; those below them are what cargo finds.
#
# It needs Debian's packages `rustc-web cargo-web rust-web-src lld`: a rustc with the source of its standard
# library, and wasm-ld. Other toolchains can be named by MODULE_CARGO, MODULE_RUSTC and MODULE_WASM_LD; by
# default those of the system are used, not rustup's. Intermediate files go to CARGO_TARGET_DIR, by default
# a folder in the user's cache, and are shared by all modules.
#
# Set CARGO_NET_OFFLINE=true to build without network.
set -euo pipefail

readonly target=wasm32-unknown-unknown

die() {
    printf 'build.sh: %s\n' "$*" >&2
    exit 1
}

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
cargo=${MODULE_CARGO:-$(command -p -v cargo || true)}
rustc=${MODULE_RUSTC:-$(command -p -v rustc || true)}
wasm_ld=${MODULE_WASM_LD:-$(command -v wasm-ld || true)}
[[ -n $cargo && -n $rustc ]] || die "no cargo and rustc of the system: apt install rustc-web cargo-web rust-web-src"
[[ -n $wasm_ld ]] || die "no wasm-ld: apt install lld"

rust_src=$("$rustc" --print sysroot)/lib/rustlib/src/rust
[[ -d $rust_src/library ]] || die "no source of the standard library in $rust_src: apt install rust-web-src"
cargo_home=${CARGO_HOME:-$HOME/.cargo}
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/stdb/module-target}
export RUSTC=$rustc
export RUSTC_BOOTSTRAP=1 # -Zbuild-std in a stable toolchain
export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=$wasm_ld

# No path of this machine may end in the file. One set of flags for all modules, or each would build its own std.
# Where several prefixes match, the last one wins.
flags=()
remap() {
    flags+=("--remap-path-prefix=$1=$2")
    local real
    real=$(realpath -m "$1")
    [[ $real == "$1" ]] || flags+=("--remap-path-prefix=$real=$2")
}
remap "$HOME" home
remap "$CARGO_TARGET_DIR" target
remap "$cargo_home" cargo
remap "$repo" .
remap "$rust_src" rust

build() {
    local folder name wasm
    folder=$(cd "$1" && pwd -P) || die "no folder $1"
    [[ -f $folder/Cargo.toml ]] || die "no Cargo.toml in $folder"
    name=$(sed -n 's/^name *= *"\(.*\)"/\1/p' "$folder/Cargo.toml" | head -n 1)
    wasm=${name//-/_}.wasm
    printf 'Building %s\n' "${folder#"$repo"/}"

    (
        cd "$folder"
        # The folder of a registry's crates bears the registry's name, and is there once something was fetched.
        "$cargo" fetch --target "$target"
        for crates in "$cargo_home"/registry/src/*/; do
            remap "${crates%/}" crates
        done
        CARGO_ENCODED_RUSTFLAGS=$(IFS=$'\x1f' && printf '%s' "${flags[*]}")
        export CARGO_ENCODED_RUSTFLAGS
        "$cargo" build -Zbuild-std=std,panic_abort --target "$target" --release
        cp "$CARGO_TARGET_DIR/$target/release/$wasm" "$wasm"
        chmod 644 "$wasm"
        for path in "$repo" "$HOME" "$cargo_home" "$CARGO_TARGET_DIR" "$rust_src" "$(realpath "$rust_src")"; do
            if grep -aqF -- "$path" "$wasm"; then die "$wasm holds the path $path"; fi
        done
        sha256sum Cargo.toml src/lib.rs "$wasm" >SHA256SUMS
        printf '  %s, %d bytes\n' "$wasm" "$(wc -c <"$wasm")"
    )
}

if (($# == 0)); then
    set -- "$repo/examples/game/my_module"
    for manifest in "$repo"/tests/modules/*/Cargo.toml; do
        set -- "$@" "$(dirname "$manifest")"
    done
fi
for module in "$@"; do
    build "$module"
done
